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

for (const [name, method] of Object.entries({ ...METHODS, ...FILE_METHODS })) {
  // It may be its time that is up, which is no failure of the sandbox's.
  const patient = { ...method, codes: [...method.codes, "timeout"] as const };
  for (const [what, trouble] of Object.entries(SILENCES)) {
    const isFile = name in FILE_METHODS && !FILE_WAYS.includes(name);
    if (isFile && trouble.isLasting !== true) continue;
    Deno.test(`LocalDockerBackend gives up an engine that ${what}, at each request of ${name}`, async () => {
      await tryAtEachRequest(name, patient, trouble);
    });
  }
}
