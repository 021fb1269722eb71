import type { EgressAttempt } from "../../../backends/egress_attempt.ts";
import { type Attack, describeRan, type Lesson, newToken } from "../attack.ts";
import { describeAttempt, describeAttempts } from "../attempts.ts";
import { client, type Place, type Ran, sh } from "../place.ts";
import { BIG_BYTES, NAMES } from "../plan.ts";
import type { Range } from "../range.ts";
import { bigBodyHash } from "../servers/big_body.ts";

const { allowed, other } = NAMES;

/** More than the second sandbox may be idle, by far; less than that each. */
const DRIPS = 5;
const DRIP_MS = 400;
/** How long silence is to last where nobody minds, in seconds. */
const SILENCE_S = 1;
const LONG_MS = 60_000;
const WGET_S = 5;

/** Something that must work in the sandbox, too. */
interface Wanted {
  readonly name: string;
  readonly lesson?: Lesson;
  readonly from?: "a" | "b";
  readonly run: (place: Place, token: string, range: Range) => Promise<Ran>;
  readonly works: (output: string) => boolean;
  readonly scheme: EgressAttempt["scheme"];
  /** How much has to be on the record as received. */
  readonly bytesIn?: number;
}

function wanted({ name, lesson, from = "a", ...rest }: Wanted): Attack {
  const { run, works, scheme, bytesIn = 1 } = rest;
  const check = (ran: Ran) => {
    if (!works(ran.output.trim())) throw new Error(describeRan(ran));
  };
  return {
    name: `allowed: ${name}`,
    ...(lesson !== undefined && { lesson }),
    from,
    control: async (range) =>
      check(await run(range.control, newToken("control"), range)),
    sandbox: async (range) => {
      const { attempts } = range;
      const before = attempts.count;
      check(await run(range[from], newToken("sandbox"), range));
      await attempts.come(before, ({ length }) => length >= 1);
      const [record, ...more] = attempts.since(before);
      const isRight = record !== undefined && more.length === 0 &&
        record.allowed && record.reason === "closed" &&
        record.scheme === scheme && record.bytes_out > 0 &&
        record.bytes_in >= bytesIn;
      if (isRight) return `closed, ${record.bytes_in} bytes in`;
      throw new Error(
        `the record says ${
          attempts.since(before).map((attempt) =>
            `${describeAttempt(attempt)}, ${JSON.stringify(attempt)}`
          ).join("; ")
        }`,
      );
    },
  };
}

/** What must be cut in the sandbox, because nothing is sent. */
const silent: Attack = {
  name: "a stream that is idle is cut",
  lesson: 40,
  from: "b",
  control: async ({ control }) => {
    // It goes on for as long as it is let.
    const ran = await sh(control, ask(other, "silent", SILENCE_S));
    if (ran.durationMs > SILENCE_S * 1000) return;
    throw new Error(describeRan(ran));
  },
  sandbox: async (range) => {
    const { b, attempts } = range;
    const before = attempts.count;
    await sh(b, ask(other, "silent"));
    await attempts.come(before, ({ length }) => length >= 1);
    const said = describeAttempts(attempts.since(before));
    if (said === "idle") return said;
    throw new Error(`the record says ${said}`);
  },
};

function ask(host: string, path: string, seconds = WGET_S): string {
  return `timeout ${seconds} wget -q -O - http://${host}/${path}`;
}

/** The host that is allowed, in every way that it must be reached. */
export function allowedRequests(): Attack[] {
  const hash = bigBodyHash();
  const dots = ".".repeat(DRIPS);
  const url = (host: string, path: string) => `https://${host}/${path}`;
  return [
    wanted({
      name: "plain HTTP",
      run: (place, token) => sh(place, ask(allowed, token)),
      works: (output) => output.startsWith("hello from"),
      scheme: "http",
    }),
    wanted({
      name: "TLS through CONNECT",
      run: (place, token, { ca }) =>
        client(place, "tls", [`${allowed}:443`, allowed, token, ca]),
      works: (output) => output.startsWith("hello from"),
      scheme: "https",
    }),
    wanted({
      name: "Deno's fetch, which finds the proxy by itself",
      run: (place, token, { ca }) =>
        client(place, "fetch", [url(allowed, token), ca]),
      works: (output) => output.startsWith("hello from"),
      scheme: "https",
    }),
    wanted({
      name: "a name in capitals",
      run: (place, token) => sh(place, ask(allowed.toUpperCase(), token)),
      works: (output) => output.startsWith("hello from"),
      scheme: "http",
    }),
    wanted({
      name: "200 MB of plain HTTP, byte for byte",
      run: (place) =>
        sh(place, `wget -q -O - http://${allowed}/big | sha256sum`, {
          timeoutMs: LONG_MS,
        }),
      works: (output) => output.startsWith(hash),
      scheme: "http",
      bytesIn: BIG_BYTES,
    }),
    wanted({
      name: "200 MB through CONNECT, byte for byte",
      run: (place, _, { ca }) =>
        client(place, "fetch", [url(allowed, "big"), ca, "hash"], {
          timeoutMs: LONG_MS,
        }),
      works: (output) => output.startsWith(hash),
      scheme: "https",
      bytesIn: BIG_BYTES,
    }),
    wanted({
      name: "a long stream that is idle but alive",
      lesson: 40,
      from: "b",
      run: (place) => sh(place, ask(other, `drip/${DRIPS}/${DRIP_MS}`)),
      works: (output) => output === dots,
      scheme: "http",
    }),
    wanted({
      name: "a long tunnel that is idle but alive",
      lesson: 40,
      from: "b",
      run: (place, _, { ca }) =>
        client(place, "tls", [
          ...[`${other}:443`, other, `drip/${DRIPS}/${DRIP_MS}`, ca],
        ]),
      works: (output) => output === dots,
      scheme: "https",
    }),
    silent,
  ];
}
