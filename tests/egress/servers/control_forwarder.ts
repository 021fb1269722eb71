/**
 * Stands where a sandbox's forwarder would: passes the loopback's port of the
 * proxy on to a unix socket, and, as some engines have it, a resolver's port at
 * 127.0.0.11. Ends when its input does.
 *
 * @module
 */
import { AT, PORTS } from "../plan.ts";
import { splice } from "./splice.ts";

const [path = ""] = Deno.args;
const RESOLVER = "127.0.0.11";

const listener = Deno.listen({
  hostname: "127.0.0.1",
  port: PORTS.proxy,
  tcpBacklog: 4096,
});
(async () => {
  for await (const conn of listener) {
    Deno.connect({ transport: "unix", path })
      .then((proxy) => splice(conn, proxy), () => conn.close());
  }
})();

const udp = { transport: "udp", port: PORTS.dns } as const;
const inside = Deno.listenDatagram({ ...udp, hostname: RESOLVER });
const outside = Deno.listenDatagram({ ...udp, hostname: AT.control, port: 0 });
/** Who has asked, by the id of the question. */
const asking = new Map<number, Deno.Addr>();
const idOf = ([high = 0, low = 0]: Uint8Array) => high * 256 + low;
(async () => {
  for await (const [question, from] of inside) {
    asking.set(idOf(question), from);
    await outside.send(question, { ...udp, hostname: AT.resolver });
  }
})();
(async () => {
  for await (const [answer] of outside) {
    const from = asking.get(idOf(answer));
    if (from !== undefined) await inside.send(answer, from).catch(() => 0);
  }
})();

console.log("ready");
for await (const _ of Deno.stdin.readable);
Deno.exit(0);
