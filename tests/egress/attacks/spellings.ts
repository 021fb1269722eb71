import { type Attack, commandAttack } from "../attack.ts";
import { sh } from "../place.ts";
import { AT, NAMES, PORTS } from "../plan.ts";
import type { Arrival } from "../witness.ts";
import { askProxy, connect, get } from "./ask_proxy.ts";
import { isAt } from "./direct.ts";

/** Spellings of 192.0.2.1, which is the host's, with what is special in them. */
const OUTSIDE: Readonly<Record<string, string>> = {
  decimal: "3221225985",
  hexadecimal: "0xC0000201",
  "upper-case hexadecimal": "0XC0000201",
  octal: "0300.0000.0002.0001",
  short: "192.513",
  "v6-mapped": "::ffff:192.0.2.1",
  "v6-mapped hexadecimal": "::ffff:c000:201",
  "trailing dot": "192.0.2.1.",
  "upper-case name": NAMES.host.toUpperCase(),
  "name with trailing dot": `${NAMES.host}.`,
};

/** Spellings of the host's loopback. */
const LOOPBACK: Readonly<Record<string, string>> = {
  plain: "127.0.0.1",
  decimal: "2130706433",
  hexadecimal: "0x7f000001",
  "upper-case hexadecimal": "0X7F.0.0.0X1",
  octal: "0177.0.0.01",
  short: "127.1",
  zero: "0",
  IPv6: "::1",
  "v6-mapped": "::ffff:127.0.0.1",
  "v6-mapped hexadecimal": "::FFFF:7F00:1",
  "trailing dot": "127.0.0.1.",
  name: "localhost",
  "upper-case name with trailing dot": "LOCALHOST.",
};

function isHost(arrival: Arrival): boolean {
  return arrival.kind === "open" && isAt(arrival, AT.host, PORTS.host);
}

function direct(how: string, spelling: string): Attack {
  return commandAttack({
    name: `the host's address straight, ${how} (${spelling})`,
    lesson: 36,
    run: (place, token) =>
      sh(place, `echo ${token} | timeout 5 nc -w 3 ${spelling} ${PORTS.host}`),
    reaches: (arrivals) => arrivals.some(isHost),
  });
}

function throughProxy(whose: string, how: string, spelling: string): Attack {
  const host = spelling.includes(":") ? `[${spelling}]` : spelling;
  const authority = `${host}:${PORTS.host}`;
  const isRefused = ["not_allowed", "malformed", "internal"] as const;
  return commandAttack({
    name: `${whose} through the proxy, ${how} (${spelling})`,
    lesson: 38,
    run: (place, token) =>
      askProxy(place, connect(authority), get(authority, token)),
    reaches: (arrivals, token) =>
      arrivals.filter(isHost).length === 2 &&
      arrivals.some(({ text }) => text.includes(token)),
    record: [isRefused, isRefused],
  });
}

/** The host's own addresses, by each way to write them. */
export function spellingAttacks(hasIPv6: boolean): Attack[] {
  const entriesOf = (spellings: Readonly<Record<string, string>>) =>
    Object.entries(spellings).filter(([, text]) =>
      hasIPv6 || !text.includes(":")
    );
  return [
    ...entriesOf(OUTSIDE).map(([how, text]) => direct(how, text)),
    ...entriesOf(OUTSIDE).map(([how, text]) =>
      throughProxy("the host's address", how, text)
    ),
    ...entriesOf(LOOPBACK).map(([how, text]) =>
      throughProxy("the host's loopback", how, text)
    ),
  ];
}
