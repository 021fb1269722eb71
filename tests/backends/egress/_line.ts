import { bytesOf, textOf } from "./_http.ts";

/** How long a test waits for what must come. */
const PATIENCE_MS = 20_000;
const POLL_MS = 2;

/** One end of a connection, as a test speaks and reads: a character a byte. */
export class Line implements Disposable {
  /** The connection, or what was made of it. */
  conn: Deno.Conn;
  /** Whether it ended in a reset, and not by its other end's closing. */
  wasReset = false;
  #text = "";
  #hasEnded = false;
  #isClosed = false;

  constructor(conn: Deno.Conn) {
    this.conn = conn;
  }

  /** All that was read and not taken. */
  get read(): string {
    return this.#text;
  }

  /** Sends all of it. */
  async send(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? bytesOf(data) : data;
    for (let at = 0; at < bytes.length;) {
      at += await this.conn.write(bytes.subarray(at));
    }
  }

  /** Sends what can be sent: the other end may have heard enough. */
  async sendSome(data: string | Uint8Array): Promise<void> {
    try {
      await this.send(data);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  /** Takes all up to the end of a text; fails if the line ends before. */
  async until(text: string): Promise<string> {
    let at = this.#text.indexOf(text);
    while (at < 0) {
      if (!await this.#more()) {
        throw new Error(`${JSON.stringify(this.#text)} ended before ${text}`);
      }
      at = this.#text.indexOf(text);
    }
    return this.#take(at + text.length);
  }

  /** Takes so many bytes. */
  async take(count: number): Promise<string> {
    while (this.#text.length < count) {
      if (!await this.#more()) throw new Error("It ended before");
    }
    return this.#take(count);
  }

  /** Takes what there is, as soon as there is any; nothing at its end. */
  async some(): Promise<string> {
    if (this.#text === "") await this.#more();
    return this.#take(this.#text.length);
  }

  /** Takes all there is, until it ends. */
  async rest(): Promise<string> {
    while (await this.#more());
    return this.#take(this.#text.length);
  }

  /** Says that no more will be sent. */
  async closeWrite(): Promise<void> {
    await this.conn.closeWrite();
  }

  /** Closes it. Harmless if it is closed. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.conn.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #take(count: number): string {
    const taken = this.#text.slice(0, count);
    this.#text = this.#text.slice(count);
    return taken;
  }

  async #more(): Promise<boolean> {
    if (this.#hasEnded) return false;
    const buffer = new Uint8Array(64 * 1024);
    const count = await this.conn.read(buffer).catch((error) => {
      if (!isGone(error)) throw error;
      this.wasReset = true;
      return null;
    });
    this.#hasEnded = count === null;
    this.#text += textOf(buffer.subarray(0, count ?? 0));
    return count !== null;
  }
}

/** Whether an error says that the other end, or this one, has closed. */
function isGone(error: unknown): boolean {
  return [
    Deno.errors.ConnectionReset,
    Deno.errors.BrokenPipe,
    Deno.errors.BadResource,
    Deno.errors.Interrupted,
  ].some((each) => error instanceof each);
}

/** Waits until something holds. */
export async function eventually(
  what: string,
  holds: () => boolean,
): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`It never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
