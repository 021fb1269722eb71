import type { ByteQueue } from "./byte_queue.ts";
import type { Connection } from "./connection.ts";
import type { Outlet } from "./outlet.ts";

/** A stream of JSON values, a line each. */
export interface LineStream {
  /** Sends a value. */
  write(value: unknown): Promise<void>;
  /** Ends the stream. */
  end(): Promise<void>;
}

/** A connection that has been handed over. */
export interface RawStream {
  /** Sends bytes; resolves when they are on their way. */
  write(bytes: Uint8Array): Promise<void>;
  /** What the client sends; ends when it shuts its side. */
  readonly incoming: ByteQueue;
  /** Ends the stream and closes the connection. */
  end(): Promise<void>;
}

/** Changes the JSON of an answer before it is sent. */
export type Alter = (value: unknown) => unknown;

const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  204: "No Content",
  304: "Not Modified",
  400: "Bad Request",
  404: "Not Found",
  409: "Conflict",
  500: "Internal Server Error",
  501: "Not Implemented",
};

const SIGNED = "Api-Version: 1.41\r\nDocker-Experimental: false\r\n" +
  "Ostype: linux\r\nServer: Docker/20.10.24 (fake)\r\n";

const encoder = new TextEncoder();

/** A whole answer with a JSON body, as bytes. */
export function jsonAnswer(status: number, value: unknown): {
  readonly head: Uint8Array;
  readonly body: Uint8Array;
} {
  // The engine ends its JSON with a newline.
  const body = encoder.encode(JSON.stringify(value) + "\n");
  return {
    head: head(
      status,
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`,
    ),
    body,
  };
}

/** Answers one request, in the ways that the engine answers. */
export class Reply {
  /** Whether the connection is handed over: bytes from now on are no HTTP. */
  isRaw = false;
  readonly #outlet: Outlet;
  readonly #connection: Connection;
  readonly #alter: Alter;

  /**
   * Makes an answer.
   *
   * @param outlet Where it goes.
   * @param connection The client's connection.
   * @param alter Changes each JSON value that is sent.
   */
  constructor(outlet: Outlet, connection: Connection, alter: Alter) {
    this.#outlet = outlet;
    this.#connection = connection;
    this.#alter = alter;
  }

  /** Resolves when the connection is closed. */
  get gone(): Promise<void> {
    return this.#connection.closed;
  }

  /** Answers with JSON. */
  async json(status: number, value: unknown): Promise<void> {
    const { head, body } = jsonAnswer(status, this.#alter(value));
    await this.#outlet.head(head);
    await this.#outlet.body(body);
    await this.#outlet.end(true);
  }

  /** Answers with text. */
  async text(status: number, text: string): Promise<void> {
    const body = encoder.encode(text);
    const type = "text/plain; charset=utf-8";
    await this.#outlet.head(head(
      status,
      `Content-Type: ${type}\r\nContent-Length: ${body.length}\r\n`,
    ));
    await this.#outlet.body(body);
    await this.#outlet.end(true);
  }

  /** Answers without a body. A 204 and a 304 have no length either. */
  async empty(status: 200 | 204 | 304): Promise<void> {
    const length = status === 200 ? "Content-Length: 0\r\n" : "";
    await this.#outlet.head(head(status, length));
    await this.#outlet.end(true);
  }

  /** Answers with bytes in pieces, each a chunk of HTTP's. */
  async pieces(pieces: Iterable<Uint8Array>): Promise<void> {
    await this.#outlet.head(head(200, "Transfer-Encoding: chunked\r\n"));
    for (const piece of pieces) await this.#chunk(piece);
    await this.#outlet.body(encoder.encode("0\r\n\r\n"));
    await this.#outlet.end(true);
  }

  /** Answers with JSON that comes bit by bit. */
  async lines(): Promise<LineStream> {
    const type = "application/json";
    await this.#outlet.head(
      head(200, `Content-Type: ${type}\r\nTransfer-Encoding: chunked\r\n`),
    );
    return {
      write: (value) =>
        this.#chunk(encoder.encode(JSON.stringify(this.#alter(value)) + "\n")),
      end: async () => {
        await this.#outlet.body(encoder.encode("0\r\n\r\n"));
        await this.#outlet.end(true);
      },
    };
  }

  /**
   * Hands the connection over. Without an upgrade, 20.10 does so, too, after a
   * header that has neither a length nor chunks.
   *
   * What the client sent before it saw the header is lost: 20.10 had it in a
   * buffer that it then forgets.
   *
   * @param isUpgrade Whether the client asked for an upgrade.
   * @param status 200, or what went wrong; only without an upgrade.
   */
  raw(isUpgrade: boolean, status: 200 | 404 = 200): RawStream {
    const type = "Content-Type: application/vnd.docker.raw-stream\r\n";
    const upgraded = status === 200 && isUpgrade;
    this.isRaw = true;
    this.#connection.incoming.clear();
    // One frame after the other, also from a program that does not wait.
    let written = this.#outlet.head(encoder.encode(
      upgraded
        ? `HTTP/1.1 101 UPGRADED\r\n${type}Connection: Upgrade\r\n` +
          "Upgrade: tcp\r\n\r\n"
        : `HTTP/1.1 ${status} ${REASONS[status]}\r\n${type}\r\n`,
    ));
    return {
      write: (bytes) => {
        written = written.then(() => this.#outlet.body(bytes));
        return written;
      },
      incoming: this.#connection.incoming,
      end: async () => {
        await written;
        await this.#outlet.end(false);
      },
    };
  }

  async #chunk(bytes: Uint8Array): Promise<void> {
    const size = encoder.encode(bytes.length.toString(16) + "\r\n");
    const chunk = new Uint8Array(size.length + bytes.length + 2);
    chunk.set(size);
    chunk.set(bytes, size.length);
    chunk.set([13, 10], size.length + bytes.length);
    await this.#outlet.body(chunk);
  }
}

function head(status: number, fields: string): Uint8Array {
  return encoder.encode(
    `HTTP/1.1 ${status} ${REASONS[status] ?? ""}\r\n${SIGNED}${fields}\r\n`,
  );
}
