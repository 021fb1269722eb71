import { assert, assertEquals } from "@std/assert";
import type { EgressAttempt, Sandbox } from "@zu/backends/backends";
import {
  egressTrials,
  fetchCall,
  untilTold,
} from "../../../examples/demo/egress_trials.ts";
import { ATTEMPTS, SANDBOX } from "./_sandbox_use.ts";

/** A sandbox whose proxy tells of something. */
function telling(
  attempts: () => AsyncIterableIterator<EgressAttempt>,
): Sandbox {
  const policy = { allow: [] };
  const egress = { policy, open: 0, isOpen: true, allow: () => {}, attempts };
  return { ...SANDBOX, egress };
}

Deno.test("egressTrials has one that is allowed, refused ones, and a malformed one", () => {
  const trials = egressTrials("api.example.com:40123");
  assertEquals(trials.map(({ allowed, reason }) => [allowed, reason]), [
    [true, "closed"],
    [false, "not_allowed"],
    [false, "not_allowed"],
    [false, "malformed"],
  ]);
  for (const { url } of trials) assert(url.startsWith("http://"), url);
});

Deno.test("fetchCall tries them all", () => {
  const granted = "api.example.com:40123";
  const { args, attempts } = fetchCall(granted);
  const urls = egressTrials(granted).map(({ url }) => url);
  assertEquals([args, attempts], [{ urls }, urls.length]);
});

Deno.test("untilTold waits for as many attempts, and for no more", async () => {
  let told = 0;
  let hasReturned = false;
  const sandbox = telling(async function* () {
    try {
      for (const attempt of ATTEMPTS) {
        told++;
        yield attempt;
      }
    } finally {
      hasReturned = true;
    }
  });
  await untilTold(sandbox, 3);
  assertEquals([told, hasReturned], [3, true]);
});

Deno.test("untilTold goes on where there will be no more, or no egress", async () => {
  await untilTold(telling(async function* () {}), 1);
  await untilTold(SANDBOX, 1);
});
