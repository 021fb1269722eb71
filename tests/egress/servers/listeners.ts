import type { Arrival } from "../witness.ts";
import { isGone, writeAll } from "./byte_input.ts";
import { peerOf } from "./web_server.ts";

/** An address to listen at, and what to do with those who come. */
export interface TcpService {
  readonly hostname: string;
  readonly port: number;
  /** Certificate and key, for one that speaks TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly log: (arrival: Arrival) => void;
  readonly serve: (conn: Deno.Conn, where: string) => Promise<void>;
}

/** Listens, and logs each connection as it opens and closes. */
export function listenTcp(service: TcpService): Deno.Listener {
  const { hostname, port, tls, log, serve } = service;
  const where = whereOf(hostname, port);
  const listener = tls === undefined
    ? Deno.listen({ hostname, port, tcpBacklog: 4096 })
    : Deno.listenTls({ hostname, port, ...tls, tcpBacklog: 4096 });
  const take = async (conn: Deno.Conn) => {
    const peer = peerOf(conn);
    log({ where, kind: "open", peer, text: "" });
    try {
      await serve(conn, where);
    } catch (error) {
      if (!isGone(error)) throw error;
    } finally {
      conn.close();
      log({ where, kind: "close", peer, text: "" });
    }
  };
  (async () => {
    for await (const conn of listener) take(conn);
  })();
  return listener;
}

/** Listens for datagrams, logs each, and sends back what `answer` says. */
export function listenUdp(
  hostname: string,
  port: number,
  answer: (
    datagram: Uint8Array,
    peer: string,
    where: string,
  ) => Uint8Array | undefined,
): Deno.DatagramConn {
  const where = whereOf(hostname, port);
  const socket = Deno.listenDatagram({ transport: "udp", hostname, port });
  (async () => {
    for await (const [datagram, from] of socket) {
      const { hostname, port } = from as Deno.NetAddr;
      const reply = answer(datagram, `${hostname}:${port}`, where);
      // Whoever has asked and gone is no matter.
      if (reply) await socket.send(reply, from).catch(() => 0);
    }
  })();
  return socket;
}

/** Sends back whatever comes, and logs the beginning of each piece. */
export function echo(
  log: (arrival: Arrival) => void,
): (conn: Deno.Conn, where: string) => Promise<void> {
  return async (conn, where) => {
    const chunk = new Uint8Array(16 * 1024);
    const peer = peerOf(conn);
    for (let read; (read = await conn.read(chunk)) !== null;) {
      const bytes = chunk.subarray(0, read);
      log({ where, kind: "bytes", peer, text: printable(bytes) });
      if (!await writeAll(conn, bytes)) return;
    }
  };
}

/** The beginning of bytes, with a dot for each that is no letter. */
export function printable(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, 1024))
    .replace(/[^\x21-\x7e]/g, ".");
}

function whereOf(hostname: string, port: number): string {
  return hostname.includes(":")
    ? `[${hostname}]:${port}`
    : `${hostname}:${port}`;
}
