import { isIP } from "node:net";
import { lookUp } from "../look_up.ts";
import { ByteInput, isGone, latin1, writeAll } from "./byte_input.ts";
import { splice } from "./splice.ts";

/** How much of what has no end of line is waited for. */
const LINE_BYTES_MAX = 1024 * 1024;

/**
 * A proxy without a policy, where a sandbox's would be: it dials whatever the first
 * line says, and passes on what comes, whatever it is. What gets out through it is
 * what the real one has to stop.
 */
export class OpenProxy implements Disposable {
  readonly #listener: Deno.UnixListener;

  /** Listens on a socket, which everyone may connect to. */
  constructor(path: string) {
    this.#listener = Deno.listen({ transport: "unix", path });
    Deno.chmodSync(path, 0o666);
    this.#serve();
  }

  async #serve(): Promise<void> {
    for await (const conn of this.#listener) {
      this.#pass(conn).catch((error) => {
        if (!isGone(error)) console.error("The open proxy:", error);
      });
    }
  }

  async #pass(conn: Deno.UnixConn): Promise<void> {
    const input = new ByteInput(conn);
    try {
      while (input.held.indexOf(10) === -1) {
        if (input.held.length > LINE_BYTES_MAX || !await input.more()) {
          conn.close();
          return;
        }
      }
      const [line = ""] = latin1(input.held).split(/\r?\n/);
      const [method, target = ""] = line.split(" ");
      const isTunnel = method === "CONNECT";
      const url = new URL(isTunnel ? `http://${target}` : target);
      const server = await dial(url);
      if (isTunnel) {
        while (await input.line() !== "");
        const answer = new TextEncoder().encode("HTTP/1.1 200 OK\r\n\r\n");
        await writeAll(conn, answer);
      }
      await writeAll(server, input.take());
      await splice(conn, server);
    } catch (error) {
      const said = `HTTP/1.1 502 No way\r\n\r\n${error}\n`;
      await writeAll(conn, new TextEncoder().encode(said));
      closeQuietly(conn);
    }
  }

  [Symbol.dispose](): void {
    this.#listener.close();
  }
}

/**
 * Connects to a host. It looks names up twice, as one does who checks the first
 * answer and leaves it to the system to find the address to connect to.
 */
async function dial(url: URL): Promise<Deno.TcpConn> {
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = Number(url.port || 80);
  if (isIP(host) === 0) await lookUp(host);
  const addresses = isIP(host) === 0 ? await lookUp(host) : [host];
  let failure: unknown = new Error(`${host} has no address`);
  for (const hostname of addresses) {
    try {
      return await Deno.connect({ hostname, port });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function closeQuietly(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}
