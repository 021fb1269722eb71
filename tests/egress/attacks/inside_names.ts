import { type Attack, commandAttack } from "../attack.ts";
import { sh } from "../place.ts";
import {
  AT,
  FLIP_SUFFIX,
  INSIDE,
  INSIDE6,
  INSIDE_SUFFIX,
  PORTS,
} from "../plan.ts";
import type { Arrival } from "../witness.ts";

/** Two requests, each for the addresses of IPv4 and those of IPv6. */
const LOOKS = 4;

function asked(arrivals: readonly Arrival[], token: string): boolean {
  return arrivals.some(({ kind, text }) =>
    kind === "request" && text.includes(token)
  );
}

/** An allowed name that is an address of the host, or of its network. */
function inside(label: string, addresses: readonly string[]): Attack {
  const host = label + INSIDE_SUFFIX;
  return commandAttack({
    name: `an allowed name that resolves to ${addresses.join(" and ")}`,
    lesson: 38,
    run: (place, token) =>
      sh(place, `timeout 5 wget -q -O - http://${host}:${PORTS.host}/${token}`),
    reaches: asked,
    // That it is looked up is right: it is allowed.
    mayArrive: ({ kind, text }) => kind === "query" && text === host,
    record: [["internal"]],
  });
}

/**
 * A name that is the allowed server when it is looked up first, and loopback the
 * second time: whoever looks twice is led there.
 */
function flipping(): Attack {
  const ask = (place: Parameters<typeof sh>[0], host: string, path: string) =>
    sh(
      place,
      `timeout 5 wget -q -O - http://${host}:${PORTS.lengthFirst}/${path}`,
    );
  return commandAttack({
    name: "an allowed name that changes between two look-ups",
    lesson: 38,
    run: async (place, token) => {
      const host = token + FLIP_SUFFIX;
      // The control looks twice for the first; the second finds loopback at once.
      await ask(place, host, `first-${token}`);
      return await ask(place, host, `second-${token}`);
    },
    reaches: (arrivals) =>
      arrivals.some(({ where }) => where === `127.0.0.1:${PORTS.lengthFirst}`),
    mayArrive: ({ kind, where, text }, token) =>
      (kind === "query" && text === token + FLIP_SUFFIX) ||
      (where === `${AT.allowed}:${PORTS.lengthFirst}` &&
        !text.includes("second-")),
    record: [["closed"], ["internal"]],
    check: (_, arrivals) => {
      const looks = arrivals.filter(({ kind }) => kind === "query").length;
      if (looks === LOOKS) return;
      throw new Error(`it was looked up in ${looks} questions, not ${LOOKS}`);
    },
  });
}

/** Allowed names that lead to where nobody should get. */
export function insideNameAttacks(hasIPv6: boolean): Attack[] {
  const names = { ...INSIDE, ...(hasIPv6 && INSIDE6) };
  return [
    ...Object.entries(names).map(([label, addresses]) =>
      inside(label, addresses)
    ),
    flipping(),
  ];
}
