import { type Attack, commandAttack } from "../attack.ts";
import { client } from "../place.ts";
import { NAMES, PORTS } from "../plan.ts";
import type { Arrival } from "../witness.ts";
import {
  askProxy,
  connect,
  isAtAllowed,
  isLookUp,
  requested,
} from "./ask_proxy.ts";

const { allowed, other } = NAMES;
/** A port on which no server minds what comes. */
const authority = `${allowed}:${PORTS.echo}`;

/** A tunnel is opened before anyone knows what will come through it. */
function isOpening(arrival: Arrival, port: number): boolean {
  return isLookUp(arrival, allowed) ||
    (isAtAllowed(arrival, port) && ["open", "close"].includes(arrival.kind));
}

function notTls(name: string, bytes: (token: string) => string): Attack {
  return commandAttack({
    name: `through a tunnel: ${name}`,
    run: (place, token) => askProxy(place, connect(authority) + bytes(token)),
    reaches: (arrivals, token) =>
      arrivals.some(({ kind, text }) =>
        kind === "bytes" && text.includes(token)
      ),
    mayArrive: (arrival) => isOpening(arrival, PORTS.echo),
    record: [["not_tls"]],
  });
}

/** What goes through a tunnel that is not what it was opened for. */
export function tunnelAttacks(): Attack[] {
  return [
    notTls(
      "a plain request",
      (token) => `GET /${token} HTTP/1.1\r\nHost: ${allowed}\r\n\r\n`,
    ),
    notTls("any other protocol", (token) => `SSH-2.0-${token}\r\n`),
    notTls(
      "a record of TLS with no hello in it",
      (token) =>
        `\x16\x03\x01\x00${String.fromCharCode(token.length + 4)}\x02\x00\x00` +
        String.fromCharCode(token.length) + token,
    ),
    notTls(
      "a hello that breaks off",
      (token) => `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${token}`,
    ),
    commandAttack({
      name: "through a tunnel: TLS with another host's name",
      lesson: 40,
      run: (place, token, { ca }) =>
        client(place, "tls", [`${allowed}:443`, other, token, ca]),
      reaches: (arrivals, token) =>
        requested(arrivals, `/${token} HTTP/1.1 host=${other}`),
      mayArrive: (arrival) => isOpening(arrival, 443),
      record: [["mismatch"]],
    }),
    commandAttack({
      name: "through a tunnel: another host's name in pieces of a hello",
      lesson: 40,
      run: (place) => client(place, "hello_in_pieces", [authority, other]),
      reaches: (arrivals) =>
        arrivals.some(({ kind, text }) =>
          kind === "bytes" && text.length > 100
        ),
      mayArrive: (arrival) => isOpening(arrival, PORTS.echo),
      record: [["mismatch"]],
    }),
  ];
}
