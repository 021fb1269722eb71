// A proxy before a server, which sees each of the server's messages on its own, and can
// keep it back, swallow it, or cut the connection there.

/** A message of the server. */
export interface ServerMessage {
  /** What it begins with, such as `Z` for "ready for the next statement". */
  readonly type: string;
  /** The rest of it, as far as it is text. */
  readonly text: string;
  /** The connection that it is of, by its number. */
  readonly connection: number;
}

/** What becomes of a message: it is passed on, left out, or the connection ends here. */
export type Fate = "pass" | "swallow" | "cut";

/** Decides what becomes of a message; a promise keeps it, and what follows it, back. */
export type Rule = (message: ServerMessage) => Fate | Promise<Fate>;

const HEADER_BYTES = 5;

/** What comes in at a connection, which stays open at its end. */
async function* readAll(from: Deno.Conn): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const length = await from.read(buffer);
    if (length === null) return;
    yield buffer.subarray(0, length);
  }
}

async function writeAll(to: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
}

/** The proxy, on a port of 127.0.0.1. */
export class PgProxy implements AsyncDisposable {
  /** What becomes of messages from now on. */
  rule: Rule = () => "pass";
  /** Whether the closing of a client is kept from the server, as when a machine dies. */
  hidesClosing = false;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #port: number;
  readonly #open = new Set<Deno.TcpConn>();
  readonly #work = new Set<Promise<void>>();
  #connections = 0;

  /** Begins to listen for clients of the server on a port of 127.0.0.1. */
  constructor(port: number) {
    this.#port = port;
    this.#track(this.#accept());
  }

  /** Where a client reaches the server through it. */
  url(database = "postgres"): string {
    const { port } = this.#listener.addr as Deno.NetAddr;
    return `postgres://postgres@127.0.0.1:${port}/${database}`;
  }

  /** How many connections clients have made. */
  get connections(): number {
    return this.#connections;
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#work.delete(tracked));
    this.#work.add(tracked);
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      this.#track(this.#serve(client, ++this.#connections));
    }
  }

  async #serve(client: Deno.TcpConn, connection: number): Promise<void> {
    this.#open.add(client);
    // Messages go one by one: none is to wait for the receipt of the one before.
    client.setNoDelay();
    try {
      const server = await Deno.connect({ port: this.#port });
      this.#open.add(server);
      server.setNoDelay();
      this.#track(this.#requests(client, server));
      await this.#answers(server, client, connection);
      this.#close(server);
    } catch (error) {
      ignoreClosed(error);
    }
    this.#close(client);
  }

  async #requests(client: Deno.TcpConn, server: Deno.TcpConn): Promise<void> {
    try {
      for await (const bytes of readAll(client)) await writeAll(server, bytes);
    } catch (error) {
      ignoreClosed(error);
    }
    this.#close(client);
    if (!this.hidesClosing) this.#close(server);
  }

  async #answers(
    server: Deno.TcpConn,
    client: Deno.TcpConn,
    connection: number,
  ): Promise<void> {
    const decoder = new TextDecoder();
    let rest = new Uint8Array();
    for await (const bytes of readAll(server)) {
      const all = new Uint8Array(rest.length + bytes.length);
      all.set(rest);
      all.set(bytes, rest.length);
      let at = 0;
      while (all.length - at >= HEADER_BYTES) {
        const view = new DataView(all.buffer, at);
        const end = at + 1 + view.getUint32(1);
        if (end > all.length) break;
        const message = all.subarray(at, end);
        at = end;
        const fate = await this.rule({
          type: String.fromCharCode(message[0]!),
          text: decoder.decode(message.subarray(HEADER_BYTES)),
          connection,
        });
        if (fate === "cut") return;
        if (fate === "pass") await writeAll(client, message);
      }
      rest = all.slice(at);
    }
  }

  #close(conn: Deno.TcpConn): void {
    if (this.#open.delete(conn)) conn.close();
  }

  /** Cuts all connections, and ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const conn of this.#open) this.#close(conn);
    while (this.#work.size > 0) await Promise.all(this.#work);
  }
}

/** One end has closed: the other one is closed as well, and that is all. */
function ignoreClosed(error: unknown): void {
  const isClosed = error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionRefused ||
    error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.NotConnected;
  if (!isClosed) throw error;
}
