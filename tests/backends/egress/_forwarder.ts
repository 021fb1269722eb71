// The forwarder as a process of its own, and a server at its unix socket.
import { assertEquals } from "@std/assert";
import { forwarderSource } from "../../../backends/egress/forwarder_program.ts";

/** The line that a forwarder of these tests is ready with. */
export const READY_LINE = "it-is-ready";

/** Options of {@linkcode Forwarder.start}. */
export interface StartOptions {
  /** Arguments after the line. */
  readonly args?: readonly string[];
  /** How many files it may have open. */
  readonly filesMax?: number;
}

/** A forwarder that runs. */
export class Forwarder implements AsyncDisposable {
  readonly #folder: string;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: Lines;
  readonly #errors: Lines;
  /** The port of 127.0.0.1 that it listens on. */
  readonly port: number;
  /** Where it connects to. */
  readonly socket: string;

  private constructor(
    folder: string,
    place: { port: number; socket: string },
    child: Deno.ChildProcess,
  ) {
    this.#folder = folder;
    this.port = place.port;
    this.socket = place.socket;
    this.#child = child;
    this.#input = child.stdin.getWriter();
    this.#output = new Lines(child.stdout);
    this.#errors = new Lines(child.stderr);
  }

  /** Starts one, with the permissions that it has in its image. */
  static async start(
    { args = [], filesMax }: StartOptions = {},
  ): Promise<Forwarder> {
    const folder = await Deno.makeTempDir();
    const place = { port: freePort(), socket: `${folder}/s` };
    const program = `${folder}/forwarder.js`;
    await Deno.writeTextFile(program, forwarderSource(place));
    const argv = [
      Deno.execPath(),
      "run",
      "--no-prompt",
      "--no-config",
      "--no-remote",
      "--no-npm",
      `--allow-net=127.0.0.1:${place.port},unix:${place.socket}`,
      `--allow-read=${place.socket}`,
      `--allow-write=${place.socket}`,
      program,
      ...args,
    ];
    const [command, ...rest] = filesMax === undefined
      ? argv
      : ["/bin/sh", "-c", `ulimit -n ${filesMax}; exec "$@"`, "sh", ...argv];
    const child = new Deno.Command(command!, {
      args: rest,
      env: { NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    return new Forwarder(folder, place, child);
  }

  /** The next line that it prints; undefined if there is none. */
  line(): Promise<string | undefined> {
    return this.#output.next();
  }

  /** The next line of its errors; undefined if there is none. */
  error(): Promise<string | undefined> {
    return this.#errors.next();
  }

  /** Waits until it is ready. */
  async ready(): Promise<void> {
    assertEquals(await this.line(), READY_LINE);
  }

  /** Connects to it. */
  async connect(): Promise<Deno.TcpConn> {
    return await Deno.connect({ hostname: "127.0.0.1", port: this.port });
  }

  /** Ends its input. */
  async endInput(): Promise<void> {
    await this.#input.close();
  }

  /** Its exit code, when it has ended. */
  async exitCode(): Promise<number> {
    return (await this.#child.status).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {/* It has ended, or was closed. */});
    await this.#child.status;
    await this.#output.close();
    await this.#errors.close();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** Starts a forwarder and a server, and waits until one has reached the other. */
export async function startBoth(
  handle: (conn: Deno.UnixConn) => Promise<void>,
  { args = [], ...options }: StartOptions = {},
): Promise<{ forwarder: Forwarder; server: Server } & AsyncDisposable> {
  const forwarder = await Forwarder.start({
    ...options,
    args: [READY_LINE, ...args],
  });
  const server = new Server(forwarder.socket, handle);
  await forwarder.ready();
  return {
    forwarder,
    server,
    async [Symbol.asyncDispose]() {
      await forwarder[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** What stands for the proxy at the forwarder's socket. */
export class Server implements AsyncDisposable {
  readonly #listener: Deno.UnixListener;
  readonly #served: Promise<unknown>[] = [];
  readonly #accepting: Promise<void>;

  constructor(path: string, handle: (conn: Deno.UnixConn) => Promise<void>) {
    this.#listener = Deno.listen({ transport: "unix", path });
    this.#accepting = this.#accept(handle);
  }

  /** How many connections it has taken, the first look of the forwarder included. */
  get taken(): number {
    return this.#served.length;
  }

  async #accept(handle: (conn: Deno.UnixConn) => Promise<void>) {
    for await (const conn of this.#listener) {
      const served = handle(conn)
        // The forwarder's first look is one that closes at once.
        .catch(() => {})
        .finally(() => closed(conn));
      this.#served.push(served);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    await Promise.all(this.#served);
  }
}

/** Writes all of some bytes. */
export async function send(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await conn.write(bytes.subarray(at));
  }
}

/** Reads to the end. */
export async function readAll(conn: Deno.Conn): Promise<Uint8Array> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (;;) {
    const part = new Uint8Array(64 * 1024);
    const length = await conn.read(part);
    if (length === null) return await new Blob(parts).bytes();
    parts.push(part.subarray(0, length));
  }
}

/** Reads until the other side has closed, whichever way. */
export async function untilClosed(conn: Deno.Conn): Promise<void> {
  try {
    await readAll(conn);
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  }
}

/** Sends back what comes, when all of it has come. */
export async function echoAtEnd(conn: Deno.Conn): Promise<void> {
  await send(conn, await readAll(conn));
  await conn.closeWrite();
}

/** Sends back what comes, as it comes. */
export async function echo(conn: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  for (;;) {
    const length = await conn.read(buffer);
    if (length === null) return await conn.closeWrite();
    await send(conn, buffer.subarray(0, length));
  }
}

function closed(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** A stream's lines, one at a time. */
class Lines {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #rest = "";

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  }

  async next(): Promise<string | undefined> {
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#reader.read();
      if (done) return undefined;
      this.#rest += value;
    }
    const end = this.#rest.indexOf("\n");
    const line = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 1);
    return line;
  }

  async close(): Promise<void> {
    await this.#reader.cancel();
  }
}
