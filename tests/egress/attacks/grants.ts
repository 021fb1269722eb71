import { BackendError } from "../../../backends/backend_error.ts";
import {
  type Attack,
  describeArrivals,
  describeRan,
  newToken,
} from "../attack.ts";
import { describeAttempts } from "../attempts.ts";
import { client, type Place, type Ran, sh } from "../place.ts";
import { AT, NAMES, PORTS } from "../plan.ts";
import type { SandboxRange } from "../range.ts";
import { isAt } from "./direct.ts";
import { askProxy, get, requested } from "./ask_proxy.ts";

const { allowed } = NAMES;
const HOSTS = [`127.0.0.1:${PORTS.host}`, `${AT.host}:${PORTS.host}`];
const BYTES = 12;
const EVERY_MS = 100;
/** So long that nobody waits for its end. */
const LONG_BYTES = 150;

/** A stream of dots through a tunnel; prints those that came. */
function drip(
  place: Place,
  token: string,
  bytes: number,
  ca: string,
): Promise<Ran> {
  const path = `drip/${bytes}/${EVERY_MS}/${token}`;
  return client(place, "tls", [`${allowed}:443`, allowed, path, ca]);
}

const revoked: Attack = {
  name: "a tunnel that goes on after its grant is taken away",
  from: "a",
  control: async ({ control, ca }) => {
    const ran = await drip(control, newToken("control"), BYTES, ca);
    if (ran.output.trim().length === BYTES) return;
    throw new Error(describeRan(ran));
  },
  sandbox: async (range) => {
    const { a, ca, witness, attempts } = range;
    const { egress } = a.sandbox;
    if (egress === undefined) throw new Error("the sandbox has no egress");
    const token = newToken("sandbox");
    const before = attempts.count;
    const start = await witness.count();
    const running = drip(a, token, LONG_BYTES, ca);
    try {
      await witness.come(start, (arrivals) => requested(arrivals, token));
      egress.allow([]);
      const ran = await running;
      if (ran.output.includes(".".repeat(LONG_BYTES))) {
        throw new Error(`it went on to its end: ${describeRan(ran)}`);
      }
      await attempts.come(before, ({ length }) => length >= 1);
      // Nor is there a new one.
      const url = `http://${allowed}/after-${token}`;
      await sh(a, `timeout 5 wget -q -O - ${url}`);
      await attempts.come(before, ({ length }) => length >= 2);
      await witness.count();
      if (requested(witness.since(start), `after-${token}`)) {
        throw new Error("a request went out after all was taken away");
      }
      const said = describeAttempts(attempts.since(before));
      if (said === "revoked, not_allowed") return said;
      throw new Error(`the record says ${said}`);
    } finally {
      egress.allow(range.policy.allow);
    }
  },
};

/** What a policy cannot grant, whoever asks for it. */
const hostByRule: Attack = {
  name: "rules for the host's own addresses",
  lesson: 38,
  from: "a",
  control: async ({ witness, control }) => {
    const { result, arrivals } = await witness.during(() => ask(control));
    if (arrivals.some((arrival) => isAt(arrival, AT.host, PORTS.host))) return;
    throw new Error(describeRan(result));
  },
  sandbox: async (range) => {
    const { a, policy, witness, attempts } = range;
    const before = attempts.count;
    if (!allows(range, [...policy.allow, ...HOSTS])) return "network_refused";
    try {
      const { arrivals } = await witness.during(() => ask(a));
      if (arrivals.length > 0) throw new Error(describeArrivals(arrivals));
      await attempts.come(before, ({ length }) => length >= 2);
      const said = describeAttempts(attempts.since(before));
      if (said === "2 × internal") return said;
      throw new Error(`the record says ${said}`);
    } finally {
      a.sandbox.egress?.allow(policy.allow);
    }
  },
};

function ask(place: Place): Promise<Ran> {
  return askProxy(place, ...HOSTS.map((host) => get(host, "")));
}

/** Replaces the allow-list; false if it is refused. */
function allows(
  { a }: SandboxRange,
  allow: SandboxRange["policy"]["allow"],
): boolean {
  try {
    a.sandbox.egress?.allow(allow);
    return true;
  } catch (error) {
    if (error instanceof BackendError && error.code === "network_refused") {
      return false;
    }
    throw error;
  }
}

/** What is granted while a sandbox runs, and what is taken away. */
export function grantAttacks(): Attack[] {
  return [revoked, hostByRule];
}
