/** What comes in on a connection, taken a line or a number of bytes at a time. */
export class ByteInput {
  readonly #conn: Pick<Deno.Conn, "read">;
  readonly #chunk = new Uint8Array(64 * 1024);
  #held: Uint8Array = new Uint8Array(0);

  constructor(conn: Pick<Deno.Conn, "read">) {
    this.#conn = conn;
  }

  /** What has come and was not taken. */
  get held(): Uint8Array {
    return this.#held;
  }

  /** Waits for more; false at the end, or when the other side is gone. */
  async more(): Promise<boolean> {
    let read: number | null;
    try {
      read = await this.#conn.read(this.#chunk);
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    }
    if (read === null) return false;
    const joined = new Uint8Array(this.#held.length + read);
    joined.set(this.#held);
    joined.set(this.#chunk.subarray(0, read), this.#held.length);
    this.#held = joined;
    return true;
  }

  /** Takes up to a number of bytes of what has come. */
  take(length: number = this.#held.length): Uint8Array {
    const taken = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(taken.length);
    return taken;
  }

  /** Takes a line without its end, which may be a lone LF; undefined at the end. */
  async line(): Promise<string | undefined> {
    let at: number;
    while ((at = this.#held.indexOf(10)) === -1) {
      if (!await this.more()) return undefined;
    }
    return latin1(this.take(at + 1)).replace(/\r?\n$/, "");
  }

  /** Takes and forgets a number of bytes; false if the end came before. */
  async skip(length: number): Promise<boolean> {
    for (let left = length;;) {
      left -= this.take(left).length;
      if (left === 0) return true;
      if (!await this.more()) return false;
    }
  }
}

/** Bytes as text, one character each. */
export function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

/** Whether an error says that the other side of a connection is gone. */
export function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.UnexpectedEof ||
    error instanceof Deno.errors.InvalidData;
}

/** Writes all of it; false if the other side is gone. */
export async function writeAll(
  conn: Pick<Deno.Conn, "write">,
  bytes: Uint8Array,
): Promise<boolean> {
  try {
    for (let at = 0; at < bytes.length;) {
      at += await conn.write(bytes.subarray(at));
    }
    return true;
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}
