import { ByteReader } from "./byte_reader.ts";
import { decodeName } from "./file_names.ts";
import {
  BLOCK,
  isZero,
  paddingOf,
  parseHeader,
  refuseArchive,
  type TarHeader,
  untilNul,
} from "./tar_header.ts";
import { parsePax, type PaxRecords } from "./tar_pax.ts";

/** How long an extended header or a long name may be. */
const EXTENSION_BYTES_MAX = 1024 * 1024;
/** How many of them an entry may have. */
const EXTENSIONS_MAX = 8;
/** How much there may be behind an archive's end; tars fill a record up. */
const PADDING_BYTES_MAX = 1024 * 1024;

/** What an entry is. */
export type TarEntryType = "file" | "directory" | "symlink" | "link" | "device";

/** An entry of an archive, as it says; nothing of it has been checked. */
export interface TarEntry {
  /** Its path; bytes that are not UTF-8 as in `decodeName`. */
  readonly path: string;
  /** What it is. */
  readonly type: TarEntryType;
  /** How many bytes its body has. */
  readonly size: number;
  /** Its permissions, without setuid and the like. */
  readonly mode: number;
  /** When it was changed, in seconds; undefined if that makes no sense. */
  readonly mtime: number | undefined;
  /** What a link points to. */
  readonly link: string;
}

/** The flags of POSIX and of what came before it. */
const TYPES: Readonly<Record<string, TarEntryType>> = {
  "0": "file",
  "\0": "file",
  "7": "file",
  "1": "link",
  "2": "symlink",
  "3": "device",
  "4": "device",
  "5": "directory",
  "6": "device",
};

/** What stands before an entry's own header. */
interface Extensions {
  pax?: PaxRecords;
  longPath?: Uint8Array;
  longLink?: Uint8Array;
}

/**
 * Reads an archive entry by entry, with no more of it in memory than the pieces
 * that it comes in. What is not plain tar as POSIX, GNU and BusyBox write it is
 * refused, and not guessed at: two readers that guess may differ.
 */
export class TarReader implements Disposable {
  readonly #bytes: ByteReader;
  readonly #onExtension: (bytes: number) => void;
  /** How much of the body that was reached has not been read. */
  #left = 0;
  #padding = 0;

  /**
   * Begins to read.
   *
   * @param source The archive.
   * @param onExtension Is told the length of each extension before it is read, and
   * may throw.
   */
  constructor(
    source: ReadableStream<Uint8Array>,
    onExtension: (bytes: number) => void = () => {},
  ) {
    this.#bytes = new ByteReader(source);
    this.#onExtension = onExtension;
  }

  /**
   * Goes to the next entry; what is left of the one before is passed over.
   *
   * @returns The entry; undefined at the archive's end.
   * @throws {BackendError} `file_refused` if the archive is broken or cut off.
   */
  async next(): Promise<TarEntry | undefined> {
    for await (const _ of this.body());
    await this.#take(this.#padding);
    const extensions: Extensions = {};
    for (let count = 0; count <= EXTENSIONS_MAX; count++) {
      const block = await this.#take(BLOCK);
      if (isZero(block)) {
        if (count > 0) throw refuseArchive("it ends before an entry's header");
        await this.#expectEnd();
        return undefined;
      }
      const header = parseHeader(block);
      if (!await this.#extend(extensions, header)) {
        return this.#entry(header, extensions);
      }
    }
    throw refuseArchive(`an entry has more than ${EXTENSIONS_MAX} extensions`);
  }

  /** The body of the entry that was reached, as far as it has not been read. */
  async *body(): AsyncGenerator<Uint8Array, void, undefined> {
    while (this.#left > 0) {
      const bytes = await this.#bytes.some(this.#left);
      if (bytes.length === 0) throw cutOff();
      this.#left -= bytes.length;
      yield bytes;
    }
  }

  /** Lets go of the archive, read or not. */
  [Symbol.dispose](): void {
    this.#bytes[Symbol.dispose]();
  }

  async #take(count: number): Promise<Uint8Array> {
    const bytes = await this.#bytes.take(count);
    if (bytes.length < count) throw cutOff();
    return bytes;
  }

  /** Takes a header that says something of the entry behind it, if it is one. */
  async #extend(extensions: Extensions, header: TarHeader): Promise<boolean> {
    const { flag, size } = header;
    if (!"xgLK".includes(flag)) return false;
    if (size > EXTENSION_BYTES_MAX) {
      throw refuseArchive(`an extension has ${size} bytes`);
    }
    this.#onExtension(size);
    const data = (await this.#take(size)).slice();
    // Some readers take an extension by the block, and would find more in it.
    if (!isZero(await this.#take(paddingOf(size)))) {
      throw refuseArchive("an extension goes on behind its end");
    }
    if (flag === "L") extensions.longPath = untilNul(data);
    else if (flag === "K") extensions.longLink = untilNul(data);
    else if (flag === "x") extensions.pax = parsePax(data);
    else expectGlobal(parsePax(data));
    return true;
  }

  #entry(header: TarHeader, extensions: Extensions): TarEntry {
    const { pax, longPath, longLink } = extensions;
    const path = decodeName(pax?.path ?? longPath ?? header.path);
    const size = pax?.size ?? header.size;
    let type = TYPES[header.flag];
    if (type === undefined || pax?.isSparse) {
      throw refuseArchive(
        pax?.isSparse || header.flag === "S"
          ? "a file in it is stored with holes"
          : "an entry is of no known type",
      );
    }
    // That is how it was before there was a flag for folders.
    if (type === "file" && path.endsWith("/")) type = "directory";
    if (type !== "file" && size > 0) {
      throw refuseArchive("an entry that is no file has a body");
    }
    this.#left = size;
    this.#padding = paddingOf(size);
    return {
      path,
      type,
      size,
      mode: header.mode,
      mtime: pax?.mtime ?? header.mtime,
      link: decodeName(pax?.link ?? longLink ?? header.link),
    };
  }

  /** Reads what fills the last record up, so that the writer can end. */
  async #expectEnd(): Promise<void> {
    let length = 0;
    for (;;) {
      const bytes = await this.#bytes.some(BLOCK * 128);
      if (bytes.length === 0) return;
      length += bytes.length;
      if (!isZero(bytes) || length > PADDING_BYTES_MAX) {
        throw refuseArchive("it goes on behind its end");
      }
    }
  }
}

function cutOff(): Error {
  return refuseArchive("it is cut off");
}

/**
 * A header for all entries could rename each of them; no tar writes such a one,
 * other than to say where it comes from.
 */
function expectGlobal({ path, link, size, isSparse }: PaxRecords): void {
  if (path ?? link ?? size ?? (isSparse || undefined)) {
    throw refuseArchive("a global header speaks of a path or a size");
  }
}
