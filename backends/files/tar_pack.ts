import { BackendError } from "../backend_error.ts";
import type { TreeBounds } from "./file_bounds.ts";
import { quote } from "./file_paths.ts";
import { fileBytes, onHost } from "./host_files.ts";
import { archiveEnd, entryHead, entryTail } from "./tar_write.ts";
import type { SkippedFile, TreeReport } from "../sandbox_files_options.ts";

/** How much is read and passed on at once. */
const PIECE_BYTES = 64 * 1024;

/** An archive of a folder of the host, made as it is read. */
export class FolderArchive {
  readonly #folder: string;
  readonly #options: TreeBounds;
  readonly #skipped: SkippedFile[] = [];
  readonly #taken = { files: 0, folders: 0, links: 0, bytes: 0 };
  #entries = 0;

  /**
   * Names the folder.
   *
   * @param folder The folder, which itself is not in the archive.
   * @param options Bounds.
   */
  constructor(folder: string, options: TreeBounds) {
    this.#folder = folder;
    this.#options = options;
  }

  /** What has been taken, and what was left out. */
  get report(): TreeReport {
    return { ...this.#taken, skipped: this.#skipped };
  }

  /**
   * The archive, in pieces of a size that suits a connection.
   *
   * @throws {BackendError} `file_failed` if something cannot be read, or changes
   * as it is read; `file_too_large`.
   */
  async *bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    let piece = new Uint8Array(PIECE_BYTES);
    let length = 0;
    for await (let rest of this.#blocks()) {
      while (rest.length > 0) {
        const part = rest.subarray(0, PIECE_BYTES - length);
        piece.set(part, length);
        length += part.length;
        rest = rest.subarray(part.length);
        if (length < PIECE_BYTES) continue;
        yield piece;
        piece = new Uint8Array(PIECE_BYTES);
        length = 0;
      }
    }
    if (length > 0) yield piece.subarray(0, length);
  }

  async *#blocks(): AsyncGenerator<Uint8Array, void, undefined> {
    yield* this.#folderBlocks("");
    yield archiveEnd();
  }

  /** What is in a folder, by name, so that an archive of it is always the same. */
  async *#folderBlocks(
    path: string,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const folder = this.#place(path);
    const names = await onHost(
      `list ${quote(folder)}`,
      () => Array.fromAsync(Deno.readDir(folder), ({ name }) => name),
    );
    for (const name of names.sort()) {
      if (++this.#entries > this.#options.maxEntries) {
        throw this.#tooLarge(`${this.#options.maxEntries} entries`);
      }
      yield* this.#entryBlocks(path === "" ? name : `${path}/${name}`);
    }
  }

  async *#entryBlocks(
    path: string,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const place = this.#place(path);
    const info = await onHost(
      `look at ${quote(place)}`,
      () => Deno.lstat(place),
    );
    const head = {
      path,
      size: 0,
      mode: (info.mode ?? (info.isDirectory ? 0o755 : 0o644)) & 0o777,
      mtime: (info.mtime?.getTime() ?? 0) / 1000,
      link: "",
    };
    if (info.isDirectory) {
      this.#taken.folders++;
      yield* entryHead({ ...head, type: "directory" });
      yield* this.#folderBlocks(path);
    } else if (info.isFile) {
      yield* this.#fileBlocks(place, head);
    } else if (info.isSymlink) {
      const link = await onHost(
        `read the link ${quote(place)}`,
        () => Deno.readLink(place),
      );
      this.#taken.links++;
      yield* entryHead({ ...head, type: "symlink", link });
    } else this.#skipped.push({ path, reason: "no file, folder or link" });
  }

  async *#fileBlocks(
    place: string,
    head: Omit<Parameters<typeof entryHead>[0], "type">,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const what = `read ${quote(place)}`;
    using file = await onHost(what, () => Deno.open(place));
    const { size } = await onHost(what, () => file.stat());
    if (this.#taken.bytes + size > this.#options.maxBytes) {
      throw this.#tooLarge(`${this.#options.maxBytes} bytes`);
    }
    yield* entryHead({ ...head, type: "file", size });
    yield* fileBytes(file, { size, what, pieceBytes: PIECE_BYTES });
    yield entryTail(size);
    this.#taken.files++;
    this.#taken.bytes += size;
  }

  #place(path: string): string {
    return path === "" ? this.#folder : `${this.#folder}/${path}`;
  }

  #tooLarge(bound: string): BackendError {
    return new BackendError(
      "file_too_large",
      `Cannot upload ${quote(this.#folder)}: it has more than ${bound}`,
    );
  }
}
