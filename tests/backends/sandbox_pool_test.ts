import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  BackendError,
  type Sandbox,
  SandboxPool,
  ScriptedBackend,
} from "../../backends/mod.ts";
import { CountedSignal } from "../conformance/_counted_signal.ts";
import {
  HeldBackend,
  HeldClock,
  hold,
  outcome,
  settled,
  SPEC,
} from "./_pool_fakes.ts";

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

Deno.test("SandboxPool turns takers away when too many wait", async () => {
  const { pool } = await hold({ takersMax: 2 });
  const takes = [outcome(pool.take()), outcome(pool.take())];
  await assertRejects(() => pool.take(), RangeError, "takersMax");
  await pool.close();
  assertEquals(takes.every(({ error }) => error instanceof BackendError), true);
});
