import { latin1, readHeader } from "./head_lines.ts";
import { MalformedMessage, quoted } from "./malformed_message.ts";

/** What the next byte belongs to. */
type Part =
  | "size"
  | "extension"
  | "size LF"
  | "data"
  | "data CR"
  | "data LF"
  | "trailer"
  | "trailer LF"
  | "done"
  | "failed";

const SIZE_DIGITS_MAX = 12;
/** How long a size may be with its extensions, without the CRLF. */
const SIZE_LINE_BYTES_MAX = 256;
/** How long all trailers may be together, with their line ends. */
const TRAILER_BYTES_MAX = 8192;
const CR = 13;
const LF = 10;
const TAB = 9;
const SPACE = 32;
const DELETE = 127;
const SEMICOLON = 59;
/** What RFC 9110 (6.5.1) wants in no trailer, and some readers merge all the same. */
const NO_TRAILER = /^(?:content[-_]length|transfer[-_]encoding|host)$/i;

/**
 * Finds the end of a chunked body (RFC 9112, 7.1) as its bytes come, in pieces of
 * any size. It keeps none of the data.
 */
export class ChunkedScanner {
  #part: Part = "size";
  #digits = 0;
  #left = 0;
  #lineBytes = 0;
  #trailerBytes = 0;
  #trailer: number[] = [];

  /** Whether the body has ended. */
  get isDone(): boolean {
    return this.#part === "done";
  }

  /**
   * Takes what has come.
   *
   * @param bytes The bytes that follow those before.
   * @returns How many of them belong to the body: all, unless it ends in them.
   * @throws {MalformedMessage} As soon as the body cannot become well-formed, and
   * again whenever more is pushed.
   */
  push(bytes: Uint8Array): number {
    let part = this.#part;
    // Whatever is thrown below, what follows must not pass for a body's rest.
    this.#part = "failed";
    let at = 0;
    while (at < bytes.length && part !== "done") {
      if (part === "data") {
        const count = Math.min(this.#left, bytes.length - at);
        this.#left -= count;
        at += count;
        if (this.#left === 0) part = "data CR";
      } else {
        part = this.#next(part, bytes[at]!);
        at++;
      }
    }
    this.#part = part;
    return at;
  }

  /** Takes a byte that is no data. */
  #next(part: Exclude<Part, "data" | "done">, byte: number): Part {
    switch (part) {
      case "size":
        return this.#nextOfSize(byte);
      case "extension":
        return this.#nextOfExtension(byte);
      case "size LF":
        expect(byte, LF, "behind the CR of a chunk's size");
        this.#digits = 0;
        this.#lineBytes = 0;
        return this.#left > 0 ? "data" : "trailer";
      case "data CR":
        expect(byte, CR, "behind a chunk's data");
        return "data LF";
      case "data LF":
        expect(byte, LF, "behind the CR behind a chunk's data");
        return "size";
      case "trailer":
        return this.#nextOfTrailer(byte);
      case "trailer LF":
        expect(byte, LF, "behind the CR of a trailer");
        return this.#endTrailer();
      case "failed":
        throw new MalformedMessage("The chunked body went wrong before this");
    }
  }

  #nextOfSize(byte: number): Part {
    if (this.#digits > 0 && byte === CR) return "size LF";
    if (this.#digits > 0 && byte === SEMICOLON) {
      return this.#nextOfExtension(byte);
    }
    const digit = hexDigit(byte);
    if (digit === undefined) throw unexpected(byte, "in a chunk's size");
    if (this.#digits >= SIZE_DIGITS_MAX) {
      throw new MalformedMessage(
        `A chunk's size has more than ${SIZE_DIGITS_MAX} digits`,
      );
    }
    this.#digits++;
    this.#lineBytes++;
    this.#left = this.#left * 16 + digit;
    return "size";
  }

  #nextOfExtension(byte: number): Part {
    if (byte === CR) return "size LF";
    if (byte < SPACE || byte === DELETE) {
      throw unexpected(byte, "in a chunk's extension");
    }
    if (this.#lineBytes >= SIZE_LINE_BYTES_MAX) {
      throw new MalformedMessage(
        `A chunk's size and extensions take more than ${SIZE_LINE_BYTES_MAX} bytes`,
      );
    }
    this.#lineBytes++;
    return "extension";
  }

  #nextOfTrailer(byte: number): Part {
    this.#countTrailer();
    if (byte === CR) return "trailer LF";
    if ((byte < SPACE && byte !== TAB) || byte === DELETE) {
      throw unexpected(byte, "in a trailer");
    }
    this.#trailer.push(byte);
    return "trailer";
  }

  #endTrailer(): Part {
    this.#countTrailer();
    if (this.#trailer.length === 0) return "done";
    const [name] = readHeader(latin1(Uint8Array.from(this.#trailer)));
    if (NO_TRAILER.test(name)) {
      throw new MalformedMessage(`${name} must not be a trailer`);
    }
    this.#trailer = [];
    return "trailer";
  }

  #countTrailer(): void {
    this.#trailerBytes++;
    if (this.#trailerBytes > TRAILER_BYTES_MAX) {
      throw new MalformedMessage(
        `The trailers take more than ${TRAILER_BYTES_MAX} bytes`,
      );
    }
  }
}

/** The value of a hexadecimal digit, in any case. */
function hexDigit(byte: number): number | undefined {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : undefined;
}

function expect(byte: number, wanted: number, where: string): void {
  if (byte !== wanted) throw unexpected(byte, where);
}

function unexpected(byte: number, where: string): MalformedMessage {
  const character = quoted(String.fromCharCode(byte));
  return new MalformedMessage(`There is ${character} ${where}`);
}
