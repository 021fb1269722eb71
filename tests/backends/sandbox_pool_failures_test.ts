// What a pool does when launches fail, and when it is closed.
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  BackendError,
  type BackendErrorCode,
  SandboxPool,
  ScriptedBackend,
} from "../../backends/mod.ts";
import { HeldBackend, hold, outcome, settled, SPEC } from "./_pool_fakes.ts";

async function fails(
  code: BackendErrorCode,
  promise: Promise<unknown>,
): Promise<BackendError> {
  const error = await assertRejects(() => promise, BackendError);
  assertEquals(error.code, code, error.message);
  return error;
}

Deno.test("SandboxPool pauses after failures, longer each time, and launches one at a time", async () => {
  const { backend, clock, pool, errors } = await hold({
    size: 3,
    backoffMs: 100,
    backoffMsMax: 300,
    failuresMax: 10,
  });
  const waits = outcome(pool.take());
  await settled();
  const down = new BackendError("engine_unavailable", "no engine");
  assertEquals(backend.held.size, 4);
  for (const launch of backend.held) launch.fail(down);
  await settled();
  assertEquals(errors, [down, down, down, down]);
  for (const ms of [100, 200, 300, 300]) {
    assertEquals([pool.pending, pool.waiting], [0, 1]);
    await clock.advance(ms - 1);
    assertEquals(pool.pending, 0);
    await clock.advance(1);
    assertEquals(pool.pending, 1);
    backend.first.fail(down);
    await settled();
  }
  await clock.advance(300);
  const sandbox = backend.first.succeed();
  await settled();
  assertEquals(waits.value, sandbox);
  assertEquals(pool.pending, 3, "a success ends the caution");
  await pool.close();
});

Deno.test("SandboxPool tells those who wait of the last failure, once so many have failed", async () => {
  const { backend, clock, pool } = await hold({ failuresMax: 2 });
  const takes = [outcome(pool.take()), outcome(pool.take())];
  await settled();
  for (const launch of backend.held) launch.fail(new Error("the first"));
  await settled();
  assertEquals(takes, [{}, {}], "they wait for another attempt");
  await clock.advance(500);
  const last = new Error("the last");
  backend.first.fail(last);
  await settled();
  assertEquals(takes, [{ error: last }, { error: last }]);
  assertEquals(pool.waiting, 0);
  // Who comes during the pause is told, too; who comes with an attempt waits.
  const during = await assertRejects(() => pool.take(), Error);
  assertEquals(during, last);
  await clock.advance(1000);
  const later = outcome(pool.take());
  const sandbox = backend.first.succeed();
  await settled();
  assertEquals(later.value, sandbox);
  await pool.close();
});

Deno.test("SandboxPool tells at once of what no launch can mend", async () => {
  for (const code of ["spec_refused", "image_refused", "closed"] as const) {
    const { backend, pool } = await hold();
    const waits = outcome(pool.take());
    const refusal = new BackendError(code, "It is refused");
    backend.first.fail(refusal);
    await settled();
    assertEquals(waits, { error: refusal });
    await pool.close();
  }
});

Deno.test("SandboxPool goes on after a pause in which nothing was wanted", async () => {
  const { backend, clock, pool } = await hold();
  const controller = new AbortController();
  const gaveUp = outcome(pool.take({ signal: controller.signal }));
  await settled();
  const [one, other] = backend.held;
  one!.succeed();
  other!.fail(new Error("once"));
  await settled();
  assertEquals(gaveUp.error, undefined);
  await clock.advance(500);
  backend.first.succeed();
  await settled();
  assertEquals([pool.ready, pool.pending], [1, 0]);
  await pool.take();
  await settled();
  assertEquals(pool.pending, 1);
  await pool.close();
});

Deno.test("SandboxPool survives a backend that throws, and an error that is undefined", async () => {
  const { backend, clock, pool, errors } = await hold({ backoffMs: 10 });
  backend.first.fail(undefined);
  await settled();
  const launch = backend.launch;
  const thrown = new Error("no promise at all");
  backend.launch = () => {
    throw thrown;
  };
  await clock.advance(10);
  assertEquals(errors, [undefined, thrown]);
  backend.launch = launch;
  await clock.advance(20);
  backend.first.succeed();
  await settled();
  assertEquals(pool.ready, 1);
  await pool.close();
});

Deno.test("SandboxPool counts a launch that took too long as failed, and does not spin", async () => {
  const { backend, clock, pool, errors } = await hold({ warmMsMax: 1000 });
  await clock.advance(1000);
  const { id } = backend.first.succeed();
  await settled();
  assertEquals(backend.destroyed, [id]);
  assertEquals(pool.pending, 0, "it pauses");
  assert(errors[0] instanceof BackendError);
  assertEquals(errors[0].code, "start_failed");
  await pool.close();
});

Deno.test("SandboxPool drains on close: nothing is launched, given or left", async () => {
  const { backend, clock, pool, errors } = await hold({
    size: 2,
    launchesMax: 4,
    isAlive: () => new Promise(() => {}),
  });
  backend.succeedAll();
  await settled();
  const checked = outcome(pool.take());
  const waits = outcome(pool.take());
  const third = outcome(pool.take());
  await settled();
  assert(pool.pending > 0);
  await Promise.all([pool.close(), pool.close()]);
  await pool[Symbol.asyncDispose]();
  for (const { error } of [checked, waits, third]) {
    assert(error instanceof BackendError);
    assertEquals(error.code, "closed");
  }
  assertEquals([pool.ready, pool.pending, pool.waiting], [0, 0, 0]);
  assertEquals(backend.held.size, 0);
  assertEquals(backend.destroyed.length, backend.sandboxes.size);
  await fails("closed", pool.take());
  await clock.advance(10_000_000);
  assertEquals([backend.held.size, clock.timers], [0, 0]);
  assertEquals(errors, [], "what closing ends has not failed");
});

Deno.test("SandboxPool waits in close for launches that do not heed the signal, and ends them", async () => {
  const { backend, pool } = await hold();
  backend.heedsSignal = false;
  const closing = outcome(pool.close().then(() => "closed"));
  await settled();
  assertEquals(closing, {});
  assert(backend.first.signal?.aborted);
  const { id } = backend.first.succeed();
  await settled();
  assertEquals(closing.value, "closed");
  assertEquals(backend.destroyed, [id]);
});

Deno.test("SandboxPool tells of what it could not destroy, tries it again in close, and names it", async () => {
  const { backend, clock, pool, errors } = await hold({ warmMsMax: 1000 });
  const { id } = backend.first.succeed();
  await settled();
  const down = backend.destroyError = new Error("no engine");
  await clock.advance(1000);
  assertEquals(errors, [down]);
  const error = await fails("engine_failed", pool.close());
  assert(error.message.includes(id), error.message);
  const again = await hold({ warmMsMax: 1000 });
  again.backend.first.succeed();
  await settled();
  again.backend.destroyError = down;
  await again.clock.advance(1000);
  again.backend.destroyError = undefined;
  await again.pool.close();
  assertEquals(again.backend.destroyed.length, 1);
});

Deno.test("SandboxPool reports a launch that fails otherwise while it is being closed", async () => {
  const { backend, pool, errors } = await hold();
  backend.heedsSignal = false;
  const closing = pool.close();
  const left = new BackendError("engine_failed", "It could not be removed");
  backend.first.fail(left);
  await closing;
  assertEquals(errors, [left]);
});

Deno.test("SandboxPool refuses bounds that are none", () => {
  const backend = new HeldBackend();
  const make = (options: object, spec = {}) => () =>
    new SandboxPool(backend, { ...SPEC, ...spec }, { size: 1, ...options });
  for (
    const options of [
      { size: 0 },
      { size: 1.5 },
      { size: NaN },
      { size: 1001 },
      { size: "1" },
      { size: undefined },
      { takeTimeoutMs: 0 },
      { takeTimeoutMs: Infinity },
      { takeTimeoutMs: 2 ** 31 },
      { launchesMax: -1 },
      { warmMsMax: 0 },
      { warmMsMax: 3_600_000 },
      { backoffMs: NaN },
      { failuresMax: 0 },
    ]
  ) {
    assertThrows(make(options), RangeError, Object.keys(options)[0]!);
  }
  assertThrows(
    make({ warmMsMax: 5000 }, { ttlMs: 5000 }),
    RangeError,
    "warmMsMax",
  );
  assertEquals(backend.held.size, 0);
});

Deno.test("SandboxPool keeps no process alive, and no timer after close", async () => {
  // The sanitizers see to the timers; the clock is the system's.
  const backend = new ScriptedBackend([{ observation: { status: 200 } }]);
  {
    await using pool = new SandboxPool(backend, SPEC, { size: 3 });
    await using sandbox = await pool.take();
    const call = { name: "fetch", args: {} };
    assertEquals((await backend.exec(sandbox, call)).status, 200);
    await settled();
    assertEquals(pool.ready, 3);
  }
  assertEquals(backend.running, 0);
  const url = new URL("../../backends/mod.ts", import.meta.url).href;
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      "--no-check",
      `import { SandboxPool, ScriptedBackend } from "${url}";
      const backend = new ScriptedBackend([]);
      const pool = new SandboxPool(backend, { image: "a" }, { size: 1 });
      await pool.take();`,
    ],
    stdin: "null",
    signal: AbortSignal.timeout(60_000),
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
});
