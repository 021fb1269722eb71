import { ByteQueue } from "./byte_queue.ts";

/** How many bytes are read ahead. A client that sends more has to wait. */
const INCOMING_BYTES_MAX = 64 * 1024;

/** What Deno says when the other side has left, or this one has just closed. */
const GONE = [
  Deno.errors.BadResource,
  Deno.errors.BrokenPipe,
  Deno.errors.ConnectionReset,
  Deno.errors.Interrupted,
];

/**
 * A client's connection. It is read all the time, so that a client's leaving is
 * seen while an answer is on its way.
 */
export class Connection implements AsyncDisposable {
  /** What the client has sent and nobody has taken; ends when it sends no more. */
  readonly incoming: ByteQueue = new ByteQueue(INCOMING_BYTES_MAX);
  readonly #conn: Deno.Conn;
  readonly #closed = Promise.withResolvers<void>();
  readonly #reading: Promise<void>;
  #writing: Promise<boolean> = Promise.resolve(true);
  #isOpen = true;

  /**
   * Takes a connection over.
   *
   * @param conn The connection, which is closed with this one.
   */
  constructor(conn: Deno.Conn) {
    this.#conn = conn;
    this.#reading = this.#read();
  }

  /** Resolves when this side has closed it. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /**
   * Sends bytes, after those that were given before. Waits while the client does
   * not read, as a pipe does.
   *
   * @returns Whether there was somebody to send them to.
   */
  write(bytes: Uint8Array): Promise<boolean> {
    this.#writing = this.#writing.then(() => this.#write(bytes));
    return this.#writing;
  }

  /** Closes it, whatever is on its way. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#conn.close();
    this.incoming.end();
    this.#closed.resolve();
  }

  /** Closes it, and waits until nothing of it is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await Promise.all([this.#reading, this.#writing]);
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(INCOMING_BYTES_MAX);
    while (this.#isOpen) {
      const count = await unlessGone(this.#conn.read(buffer));
      if (count === undefined || count === null) break;
      await this.incoming.push(buffer.slice(0, count));
    }
    this.incoming.end();
  }

  async #write(bytes: Uint8Array): Promise<boolean> {
    for (let sent = 0; sent < bytes.length;) {
      if (!this.#isOpen) return false;
      const count = await unlessGone(this.#conn.write(bytes.subarray(sent)));
      if (count === undefined) {
        // There is nobody to answer any more.
        this.close();
        return false;
      }
      sent += count;
    }
    return this.#isOpen;
  }
}

async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (GONE.some((kind) => error instanceof kind)) return undefined;
    throw error;
  }
}
