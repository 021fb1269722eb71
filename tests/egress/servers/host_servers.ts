import { PORTS } from "../plan.ts";
import type { Witness } from "../witness.ts";
import { listenTcp, listenUdp, printable } from "./listeners.ts";
import { serveWeb } from "./web_server.ts";

/** How long those who have knocked are given to be let in, in milliseconds. */
const TURN_MS = 3;

/** What listens on the host's side, in this process, on all of its addresses. */
export class HostServers implements Disposable {
  readonly #closing: Disposable[] = [];

  constructor(witness: Witness, hasIPv6: boolean) {
    const log = witness.add.bind(witness);
    const tcp = (hostname: string, port: number) => {
      const serve = (conn: Deno.Conn, where: string) =>
        serveWeb(conn, { where, lengthFirst: false, log });
      this.#closing.push(listenTcp({ hostname, port, log, serve }));
    };
    const udp = (hostname: string) => {
      const socket = listenUdp(hostname, PORTS.host, (bytes, peer, where) => {
        log({ where, kind: "datagram", peer, text: printable(bytes) });
        return bytes;
      });
      this.#closing.push({ [Symbol.dispose]: () => socket.close() });
    };
    // The address of all of IPv6 is that of all of IPv4, too.
    tcp(hasIPv6 ? "::" : "0.0.0.0", PORTS.host);
    udp(hasIPv6 ? "::" : "0.0.0.0");
    // Where the allowed server has something, too.
    tcp("127.0.0.1", PORTS.lengthFirst);
    witness.settleWith(() =>
      new Promise((resolve) => setTimeout(resolve, TURN_MS))
    );
  }

  [Symbol.dispose](): void {
    for (const closing of this.#closing) closing[Symbol.dispose]();
  }
}
