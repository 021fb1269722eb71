import { METHODS } from "./_backend_methods.ts";
import { type Trouble, tryAtEachRequest } from "./_fault_cell.ts";
import { FILE_METHODS, FILE_WAYS } from "./_file_methods.ts";

/** Half a minute, the longest that the backend waits for an answer, in no time. */
const SPEED = 300;

/** How an engine may hang: from then on, or once. */
const SILENCES: Readonly<Record<string, Trouble>> = {
  "does not answer any more": {
    fault: { kind: "silence" },
    isLasting: true,
    speed: SPEED,
  },
  "stops in the middle of an answer": {
    fault: { kind: "silence", after: 5 },
    speed: SPEED,
  },
  "does what it is asked, and does not say so": {
    fault: { kind: "silence", isDone: true },
    speed: SPEED,
  },
};

/** Whether everything is to be tried with everything, which takes minutes. */
const IS_LONG = Deno.env.get("ZU_ENGINE_FAULTS") === "long";

for (
  const [m, [name, method]] of Object.entries({ ...METHODS, ...FILE_METHODS })
    .entries()
) {
  // It may be its time that is up, which is no failure of the sandbox's.
  const patient = { ...method, codes: [...method.codes, "timeout"] as const };
  for (const [t, [what, trouble]] of Object.entries(SILENCES).entries()) {
    const isFile = name in FILE_METHODS && !FILE_WAYS.includes(name);
    const isDue = !isFile && (IS_LONG || (m + t) % 2 === 0);
    if (!isDue && trouble.isLasting !== true) continue;
    Deno.test(`LocalDockerBackend gives up an engine that ${what}, at each request of ${name}`, async () => {
      await tryAtEachRequest(name, patient, trouble);
    });
  }
}
