import { assert, assertEquals } from "@std/assert";
import { missing } from "../egress/preflight.ts";
import type { Row } from "../egress/rows.ts";
import { reason as noEngine } from "./_engine.ts";

const PROGRAM = new URL("../egress/main.ts", import.meta.url).pathname;
const isRequired = Deno.env.get("ZU_REQUIRE_DOCKER") === "1";

/** Why it cannot be run here; undefined if it can. */
const reason = noEngine ?? await whyNot();

async function whyNot(): Promise<string | undefined> {
  const what = await missing();
  return what === undefined ? undefined : `the egress check needs ${what}`;
}

/** What came of the whole list. */
interface Outcome {
  readonly rows: readonly Row[];
  readonly code: number;
  readonly errors: string;
}

let outcome: Promise<Outcome> | undefined;

/** Runs the program once, whichever test asks first. */
function run(): Promise<Outcome> {
  return outcome ??= (async () => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--quiet", "-A", PROGRAM, "--json"],
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    const lines = decoder.decode(stdout).split("\n").filter((line) => line);
    const rows = lines.map((line): Row => JSON.parse(line));
    return { rows, code, errors: decoder.decode(stderr) };
  })();
}

/** A test with a step for each attack that is for a lesson, or for none. */
function attacksTest(name: string, lesson: Row["lesson"]): void {
  const isSkipped = reason !== undefined && !isRequired;
  Deno.test({
    name: isSkipped ? `${name} (skipped: ${reason})` : name,
    ignore: isSkipped,
    fn: async (t) => {
      if (reason !== undefined) throw new Error(`It cannot be run: ${reason}`);
      const { rows, code, errors } = await run();
      assert(code === 0 || code === 1, `the check broke off: ${errors}`);
      const own = rows.filter((row) => row.lesson === lesson);
      assert(own.length > 0, "there is no such attack");
      for (const row of own) {
        await t.step(row.name, () => {
          // What does not work anywhere shows nothing by failing in a sandbox.
          assert(row.control?.ok ?? true, `control: ${row.control?.note}`);
          assert(row.sandbox?.ok, `sandbox: ${row.sandbox?.note}`);
          assertEquals(row.held, true);
        });
      }
    },
  });
}

attacksTest("scoped egress holds, and the allowed host works throughout", null);

attacksTest(
  "lesson 36: scoped egress leaves no host's port, no resolver, and no network of the engine's",
  36,
);

attacksTest(
  "lesson 37: scoped egress is closed, or not launched, when its forwarder is not there",
  37,
);

attacksTest(
  "lesson 38: scoped egress dials what it has checked, and nothing internal by any spelling",
  38,
);

attacksTest(
  "lesson 39: scoped egress has malformed requests on the record",
  39,
);

attacksTest(
  "lesson 40: scoped egress cuts what is idle, not what is long, and knows one host a request",
  40,
);
