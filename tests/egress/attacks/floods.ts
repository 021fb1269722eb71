import {
  type Attack,
  commandAttack,
  describeArrivals,
  describeRan,
} from "../attack.ts";
import { describeAttempts } from "../attempts.ts";
import { client, type Place, type Ran, sh } from "../place.ts";
import { NAMES, PORTS } from "../plan.ts";
import type { Witness } from "../witness.ts";
import { isAtAllowed } from "./ask_proxy.ts";

/** How many connections are opened at once. */
const CONNECTIONS = 2_000;
/** How many of them may be passed on: the default of a policy. */
const CONNECTIONS_MAX = 256;
/** How much more memory the program with the proxy may have afterwards. */
const MEMORY_MAX = 96 * 1024 * 1024;
const FLOOD_TIMEOUT_MS = 30_000;
/** How long those of a client that has gone may still be on their way. */
const QUIET_TIMEOUT_MS = 20_000;
/** Four look-ups at the most, a connection, a request, and its end. */
const ARRIVALS_OF_ONE = 7;

function endless(name: string, kind: string): Attack {
  return commandAttack({
    name: `an endless head, ${name}`,
    run: (place) => client(place, "endless", [NAMES.allowed, kind]),
    reaches: (arrivals) =>
      arrivals.some(({ kind, text }) =>
        kind === "bytes" && text.startsWith("a head of more than")
      ),
    record: [["head_max"]],
  });
}

/** What became of a flood. */
interface Flood {
  readonly ran: Ran;
  /** How many connections the server had before the first of them ended. */
  readonly open: number;
  /** How many tunnels the client had, all of which it held to the end. */
  readonly held: number;
}

/** Opens connections by the proxy to a port of the allowed server, all at once. */
async function flood(
  { place, witness, count, port }: {
    readonly place: Place;
    readonly witness: Witness;
    readonly count: number;
    readonly port: number;
  },
): Promise<Flood> {
  const { result: ran, arrivals } = await witness.during(() =>
    client(place, "flood", [count, `${NAMES.allowed}:${port}`], {
      timeoutMs: FLOOD_TIMEOUT_MS,
    })
  );
  const there = arrivals.filter((arrival) => isAtAllowed(arrival, port));
  const end = there.findIndex(({ kind }) => kind === "close");
  const open = there.slice(0, end === -1 ? there.length : end)
    .filter(({ kind }) => kind === "open").length;
  const held = Number(/"200":(\d+)/.exec(ran.output)?.[1] ?? 0);
  return { ran, open, held };
}

/** Waits until all that comes in is what is asked for now. */
async function quiet(
  witness: Witness,
  ask: () => Promise<void>,
): Promise<void> {
  const deadline = performance.now() + QUIET_TIMEOUT_MS;
  for (let calm = 0; calm < 2;) {
    const { arrivals } = await witness.during(ask);
    calm = arrivals.length <= ARRIVALS_OF_ONE ? calm + 1 : 0;
    if (performance.now() < deadline) continue;
    throw new Error(`it does not end: ${describeArrivals(arrivals)}`);
  }
}

/** Thousands of connections, all of them held. */
const thousands: Attack = {
  name: `${CONNECTIONS} connections at once`,
  from: "a",
  control: async ({ witness, control }) => {
    const count = CONNECTIONS / 2;
    const { ran, open } = await flood(
      { place: control, witness, count, port: 443 },
    );
    await quiet(witness, async () => {
      await sh(control, `timeout 5 wget -q -O - http://${NAMES.allowed}/`);
    });
    if (open > CONNECTIONS_MAX * 2) return;
    throw new Error(`only ${open} got through; ${describeRan(ran)}`);
  },
  sandbox: async ({ witness, a, attempts }) => {
    const before = attempts.count;
    const { rss } = Deno.memoryUsage();
    const count = CONNECTIONS;
    // Where none of the control's can come in late.
    const port = PORTS.lengthFirst;
    const { ran, open, held } = await flood({ place: a, witness, count, port });
    if (Math.max(open, held) > CONNECTIONS_MAX || open === 0) {
      throw new Error(
        `${open} were passed on, and ${held} held: ${describeRan(ran)}`,
      );
    }
    await attempts.come(
      before,
      (found) => found.some(({ reason }) => reason === "connections_max"),
    );
    const grown = Deno.memoryUsage().rss - rss;
    if (grown > MEMORY_MAX) {
      throw new Error(`they left ${Math.round(grown / 2 ** 20)} MiB behind`);
    }
    await quiet(witness, () => a.look());
    const said = describeAttempts(attempts.since(before));
    if (said.includes("connections_max")) return said;
    throw new Error(`the record says ${said}, and nothing of the limit`);
  },
};

/** More of everything than anyone needs. */
export function floodAttacks(): Attack[] {
  return [
    endless("in one field", "field"),
    endless("of many fields", "fields"),
    thousands,
  ];
}
