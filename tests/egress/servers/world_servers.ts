/**
 * The servers of the outside world: a program in a network namespace of its own.
 * Writes what comes in as lines of JSON; a line of input is written back once all
 * that came before it has been. Ends when its input does.
 *
 * @module
 */
import { AT, PORTS } from "../plan.ts";
import type { Arrival } from "../witness.ts";
import { DnsServer } from "./dns_server.ts";
import { PacketCounters } from "./packet_counters.ts";
import { echo, listenTcp, listenUdp, printable } from "./listeners.ts";
import { peerOf, serveWeb } from "./web_server.ts";

/** How long those who have knocked are given to be let in, in milliseconds. */
const TURN_MS = 3;

const [certPath = "", keyPath = "", hasIPv6] = Deno.args;
const encoder = new TextEncoder();

let lines: string[] = [];
let writing: Promise<void> | undefined;

function print(value: unknown): void {
  lines.push(JSON.stringify(value) + "\n");
  writing ??= (async () => {
    while (lines.length > 0) {
      const bytes = encoder.encode(lines.join(""));
      lines = [];
      for (let at = 0; at < bytes.length;) {
        at += await Deno.stdout.write(bytes.subarray(at));
      }
    }
    writing = undefined;
  })();
}

const log = (arrival: Arrival) => print(arrival);
const tls = {
  cert: await Deno.readTextFile(certPath),
  key: await Deno.readTextFile(keyPath),
};

const web = (lengthFirst: boolean) => (conn: Deno.Conn, where: string) =>
  serveWeb(conn, { where, lengthFirst, log });

const addresses: string[] = [AT.allowed, AT.other, AT.far, AT.metadata];
if (hasIPv6 === "6") addresses.push(AT.allowed6, AT.other6);
for (const hostname of addresses) {
  for (const port of [80, PORTS.host, PORTS.unlisted]) {
    // The allowed server has nothing where the host listens.
    if (hostname === AT.allowed && port === PORTS.host) continue;
    listenTcp({ hostname, port, log, serve: web(false) });
  }
  listenTcp({ hostname, port: PORTS.lengthFirst, log, serve: web(true) });
  listenTcp({ hostname, port: 443, tls, log, serve: web(false) });
  listenTcp({ hostname, port: PORTS.echo, log, serve: echo(log) });
  listenUdp(hostname, PORTS.echo, (datagram, peer, where) => {
    log({ where, kind: "datagram", peer, text: printable(datagram) });
    return datagram;
  });
}

const resolver = new DnsServer(`${AT.resolver}:${PORTS.dns}`, log);
listenUdp(AT.resolver, PORTS.dns, (datagram, peer) => {
  return resolver.answer(datagram, peer);
});
listenTcp({
  hostname: AT.resolver,
  port: PORTS.dns,
  log,
  serve: (conn) => resolver.serve(conn, peerOf(conn)),
});

const counters = new PacketCounters(log);
await counters.look();
print({ ready: true });

const input = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
let pending = "";
for await (const text of input) {
  const marks = (pending + text).split("\n");
  pending = marks.pop()!;
  for (const mark of marks) {
    await new Promise((resolve) => setTimeout(resolve, TURN_MS));
    await counters.look();
    print({ mark });
  }
}
Deno.exit(0);
