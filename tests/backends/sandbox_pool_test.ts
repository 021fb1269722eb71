import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  BackendError,
  type BackendErrorCode,
  type Sandbox,
  SandboxPool,
  type SandboxPoolOptions,
  ScriptedBackend,
} from "../../backends/mod.ts";
import { CountedSignal } from "../conformance/sandbox_backend/counted_signal.ts";
import { HeldBackend, HeldClock, settled } from "./_pool_fakes.ts";

const SPEC = { image: "alpine" };

/** A pool on a held backend, whose clock stands still. */
async function hold(options: Partial<SandboxPoolOptions> = {}) {
  const backend = new HeldBackend();
  const clock = new HeldClock();
  const errors: unknown[] = [];
  const pool = new SandboxPool(backend, SPEC, {
    size: 1,
    clock,
    onError: (error) => errors.push(error),
    ...options,
  });
  await settled();
  return { backend, clock, pool, errors };
}

/** A promise's outcome, as soon as it has one. */
function outcome<T>(promise: Promise<T>): { value?: T; error?: unknown } {
  const found: { value?: T; error?: unknown } = {};
  promise.then((value) => found.value = value, (error) => {
    found.error = error;
  });
  return found;
}

async function fails(
  code: BackendErrorCode,
  promise: Promise<unknown>,
): Promise<BackendError> {
  const error = await assertRejects(() => promise, BackendError);
  assertEquals(error.code, code, error.message);
  return error;
}

Deno.test("SandboxPool launches as many as it is to keep warm, so many at once as it may", async () => {
  const { backend, pool } = await hold({ size: 5, launchesMax: 2 });
  assertEquals([pool.ready, pool.pending], [0, 2]);
  assertEquals(backend.first.spec, SPEC);
  backend.first.succeed();
  await settled();
  assertEquals([pool.ready, pool.pending], [1, 2]);
  while (backend.held.size > 0) {
    backend.first.succeed();
    await settled();
  }
  assertEquals([pool.ready, pool.pending], [5, 0]);
  assertEquals(backend.heldMax, 2);
  await pool.close();
});

Deno.test("SandboxPool hands a warm sandbox out at once, to one taker, and launches another", async () => {
  const { backend, pool } = await hold({ size: 2 });
  const [first, second] = backend.succeedAll();
  await settled();
  const takes = [outcome(pool.take()), outcome(pool.take())];
  // Within a few microtasks: nothing is asked, nothing is waited for.
  for (let turn = 0; turn < 3; turn++) await Promise.resolve();
  assertEquals(takes.map(({ value }) => value), [first, second]);
  await settled();
  assertEquals([pool.ready, pool.pending], [0, 2]);
  await pool.close();
  assertEquals(backend.destroyed, [], "what was handed out is the taker's");
});

Deno.test("SandboxPool takes a copy of the spec", async () => {
  const backend = new HeldBackend();
  const spec = { image: "alpine", env: { A: "1" } };
  const pool = new SandboxPool(backend, spec, { size: 1 });
  spec.env.A = "2";
  await settled();
  assertEquals(backend.first.spec, { image: "alpine", env: { A: "1" } });
  await pool.close();
});

Deno.test("SandboxPool serves those who wait in their order, and launches for them too", async () => {
  const { backend, pool } = await hold({ size: 1, launchesMax: 3 });
  const takes = Array.from({ length: 4 }, () => outcome(pool.take()));
  await settled();
  assertEquals([pool.waiting, pool.pending], [4, 3]);
  const third = [...backend.held][2]!.succeed();
  await settled();
  assertEquals(takes.map(({ value }) => value), [
    third,
    undefined,
    undefined,
    undefined,
  ]);
  const rest: Sandbox[] = [];
  while (pool.waiting > 0) {
    rest.push(backend.first.succeed());
    await settled();
  }
  assertEquals(takes.slice(1).map(({ value }) => value), rest);
  await pool.close();
});

Deno.test("SandboxPool loses no sandbox to a taker who gives up", async () => {
  const { backend, clock, pool } = await hold();
  const counted = new CountedSignal();
  const { signal } = counted;
  const gaveUp = outcome(pool.take({ signal }));
  const waits = outcome(pool.take());
  await settled();
  counted.abort("enough");
  await settled();
  assertEquals(gaveUp, { error: "enough" });
  counted.assertLeft("a taker gave up");
  const [first, second] = backend.succeedAll();
  await settled();
  assertEquals(waits.value, first);
  assertEquals([pool.ready, pool.waiting], [1, 0]);
  assertEquals(await pool.take({ signal: new CountedSignal().signal }), second);
  await pool.close();
  assertEquals(clock.timers, 0);
});

Deno.test("SandboxPool destroys what was launched for takers who gave up, beyond its size", async () => {
  const { backend, pool } = await hold({ size: 1 });
  const controller = new AbortController();
  const takes = [1, 2].map(() =>
    outcome(pool.take({ signal: controller.signal }))
  );
  await settled();
  assertEquals(pool.pending, 3);
  controller.abort("enough");
  const launched = backend.succeedAll().map(({ id }) => id);
  await settled();
  assertEquals(takes, [{ error: "enough" }, { error: "enough" }]);
  assertEquals(pool.ready, 1);
  assertEquals(backend.destroyed, launched.slice(1));
  await pool.close();
  assertEquals(backend.destroyed, launched);
});

Deno.test("SandboxPool gives a taker under an aborted signal the reason, and keeps the sandbox", async () => {
  const { backend, pool } = await hold();
  backend.first.succeed();
  await settled();
  for (const reason of [new Error("own"), null, "text"]) {
    const signal = AbortSignal.abort(reason);
    const found = await pool.take({ signal }).catch((error) => ({ error }));
    assertEquals(found, { error: reason });
  }
  assertEquals([pool.ready, pool.waiting], [1, 0]);
  await pool.close();
});

Deno.test("lesson 35: SandboxPool leaves no listener on a taker's signal", async () => {
  const { backend, pool } = await hold();
  const counted = new CountedSignal();
  const { signal } = counted;
  const waits = pool.take({ signal });
  backend.succeedAll();
  await waits;
  await settled();
  counted.assertLeft("waiting for a sandbox");
  backend.succeedAll();
  await settled();
  await pool.take({ signal });
  counted.assertLeft("taking a warm one");
  const turnedAway = outcome(pool.take({ signal }));
  await pool.close();
  await settled();
  assert(turnedAway.error instanceof BackendError);
  counted.assertLeft("being turned away");
});

Deno.test("SandboxPool turns a taker away when the time is up, and says what the matter was", async () => {
  const { backend, clock, pool } = await hold({
    takeTimeoutMs: 1000,
    backoffMs: 5000,
  });
  const first = outcome(pool.take());
  await clock.advance(999);
  assertEquals(first, {});
  await clock.advance(1);
  assert(first.error instanceof BackendError);
  assertEquals([first.error.code, first.error.cause], ["timeout", undefined]);
  const failure = new BackendError("engine_unavailable", "no engine");
  for (const launch of backend.held) launch.fail(failure);
  await settled();
  const second = outcome(pool.take());
  await clock.advance(1000);
  assert(second.error instanceof BackendError);
  assertEquals([second.error.code, second.error.cause], ["timeout", failure]);
  await pool.close();
});

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

Deno.test("SandboxPool replaces what is too old, and hands none of it out", async () => {
  const { backend, clock, pool } = await hold({ size: 2, warmMsMax: 1000 });
  const [first] = backend.held;
  await clock.advance(100);
  const old = first!.succeed();
  const slow = backend.first.succeed();
  await settled();
  assertEquals(pool.ready, 2);
  await clock.advance(899);
  assertEquals([pool.ready, pool.pending], [2, 0]);
  await clock.advance(1);
  assertEquals([pool.ready, pool.pending], [0, 2]);
  assertEquals(backend.destroyed, [old.id, slow.id]);
  await pool.close();
  assertEquals(clock.timers, 0);
});

Deno.test("SandboxPool hands out nothing that is too old, even if its clock is late", async () => {
  const { backend, clock, pool } = await hold({ size: 2, warmMsMax: 1000 });
  const old = backend.succeedAll().map(({ id }) => id);
  await settled();
  clock.jump(1000);
  const waits = outcome(pool.take());
  await settled();
  assertEquals(backend.destroyed, old);
  const [next] = backend.succeedAll();
  await settled();
  assertEquals(waits.value, next);
  await pool.close();
});

Deno.test("SandboxPool takes a spec's ttlMs, or an hour, for how long a sandbox lives", async () => {
  for (
    const [spec, warmMs] of [
      [{}, 3_300_000],
      [{ ttlMs: 3_600_000 }, 3_300_000],
      [{ ttlMs: 10_000 }, 7_500],
    ] as const
  ) {
    const backend = new HeldBackend();
    const clock = new HeldClock();
    const pool = new SandboxPool(backend, { ...SPEC, ...spec }, {
      size: 1,
      clock,
    });
    await settled();
    backend.first.succeed();
    await settled();
    await clock.advance(warmMs - 1);
    assertEquals(pool.ready, 1);
    await clock.advance(1);
    assertEquals(pool.ready, 0);
    await pool.close();
  }
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

Deno.test("SandboxPool hands out no sandbox that died, and replaces it", async () => {
  const { backend, pool, errors } = await hold({
    size: 3,
    isAlive: (sandbox) => backend.sandboxes.get(sandbox) === "there",
  });
  const [first, second, third] = backend.succeedAll();
  await settled();
  backend.sandboxes.set(first!, "dead").set(second!, "dead");
  assertEquals(await pool.take(), third);
  await settled();
  assertEquals(backend.destroyed, [first!.id, second!.id]);
  assertEquals([pool.ready, pool.pending], [0, 3]);
  const waits = outcome(pool.take());
  const [next] = backend.succeedAll();
  await settled();
  assertEquals(waits.value, next, "what has just been launched is not asked");
  assertEquals(errors, []);
  await pool.close();
});

Deno.test("SandboxPool asks the backend itself where that can tell what is alive", async () => {
  const launched: Sandbox[] = [];
  class Seen extends ScriptedBackend {
    override async launch(...of: Parameters<ScriptedBackend["launch"]>) {
      const sandbox = await super.launch(...of);
      launched.push(sandbox);
      return sandbox;
    }
  }
  const backend = new Seen([]);
  await using pool = new SandboxPool(backend, SPEC, { size: 2 });
  await settled();
  const [dead, alive] = launched;
  await backend.destroy(dead!);
  assertEquals(await pool.take(), alive);
});

Deno.test("SandboxPool keeps a sandbox that was found alive when its taker has given up", async () => {
  const answers: ((is: boolean) => void)[] = [];
  const { backend, pool } = await hold({
    size: 2,
    isAlive: () => new Promise((resolve) => answers.push(resolve)),
  });
  const launched = backend.succeedAll();
  await settled();
  const controller = new AbortController();
  const gaveUp = outcome(pool.take({ signal: controller.signal }));
  await settled();
  assertEquals(pool.ready, 1, "no more are asked than are taken");
  controller.abort("enough");
  answers[0]!(true);
  await settled();
  assertEquals(gaveUp.error, "enough");
  assertEquals(pool.ready, 2);
  const takes = [outcome(pool.take()), outcome(pool.take())];
  answers[1]!(true);
  answers[2]!(true);
  await settled();
  assertEquals(new Set(takes.map(({ value }) => value)), new Set(launched));
  await pool.close();
});

Deno.test("SandboxPool takes a check that fails or has no end for a no", async () => {
  const thrown = new Error("no such container");
  const answers = [
    () => {
      throw thrown;
    },
    () => Promise.reject(thrown),
    () => new Promise<boolean>(() => {}),
  ];
  const { backend, clock, pool, errors } = await hold({
    size: 3,
    checkTimeoutMs: 50,
    isAlive: () => answers.shift()!(),
  });
  const launched = backend.succeedAll().map(({ id }) => id);
  await settled();
  const waits = outcome(pool.take());
  await settled();
  assertEquals(errors, [thrown, thrown]);
  await clock.advance(50);
  assertEquals(backend.destroyed, launched);
  assert(errors[2] instanceof BackendError);
  assertEquals(errors[2].code, "timeout");
  const [next] = backend.succeedAll();
  await settled();
  assertEquals(waits.value, next);
  await pool.close();
  assertEquals(clock.timers, 0);
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

Deno.test("SandboxPool turns takers away when too many wait", async () => {
  const { pool } = await hold({ takersMax: 2 });
  const takes = [outcome(pool.take()), outcome(pool.take())];
  await assertRejects(() => pool.take(), RangeError, "takersMax");
  await pool.close();
  assertEquals(takes.every(({ error }) => error instanceof BackendError), true);
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
