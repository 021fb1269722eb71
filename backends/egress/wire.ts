/** How much there has to be room for when more is read, and at most is kept room for. */
const ROOM_BYTES = 4 * 1024;

/** A connection, of whose bytes some can be looked at before they are taken. */
export class Wire {
  readonly #conn: Deno.Conn;
  #store: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #start = 0;
  #end = 0;
  #isClosed = false;
  #hasWritten = false;

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** Whether anything was written. */
  get hasWritten(): boolean {
    return this.#hasWritten;
  }

  /** Whether it was closed from here. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** What has been read and not been taken; good until more is read. */
  get buffered(): Uint8Array<ArrayBuffer> {
    return this.#store.subarray(this.#start, this.#end);
  }

  /**
   * Reads more into what is buffered.
   *
   * @returns False if there is no more.
   */
  async more(): Promise<boolean> {
    if (this.#store.length - this.#end < ROOM_BYTES) this.#makeRoom();
    const count = await this.#conn.read(this.#store.subarray(this.#end));
    this.#end += count ?? 0;
    return count !== null;
  }

  /** Takes some of what is buffered. */
  take(count: number): Uint8Array<ArrayBuffer> {
    const taken = this.buffered.subarray(0, count);
    this.#start += taken.length;
    return taken;
  }

  /**
   * Reads into a buffer: first what is buffered already.
   *
   * @returns How many bytes, or null if there is no more.
   */
  async read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    if (this.#start === this.#end) return await this.#conn.read(into);
    const taken = this.take(into.length);
    into.set(taken);
    return taken.length;
  }

  /** Writes all of some bytes. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#hasWritten = true;
    for (let at = 0; at < bytes.length;) {
      at += await this.#conn.write(bytes.subarray(at));
    }
  }

  /** Says that no more will be written. */
  async closeWrite(): Promise<void> {
    await this.#conn.closeWrite();
  }

  /** Closes it, both ways. Harmless if it is closed. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#conn.close();
  }

  /** Doubles the store, so that many short reads cost no more than one long one. */
  #makeRoom(): void {
    const { buffered } = this;
    const store = new Uint8Array(
      Math.max(ROOM_BYTES * 2, buffered.length * 2 + ROOM_BYTES),
    );
    store.set(buffered);
    this.#store = store;
    this.#start = 0;
    this.#end = buffered.length;
  }
}
