import { assert, assertEquals } from "@std/assert";
import { AttemptLog } from "../../../backends/egress/attempt_log.ts";
import { ByteBudget } from "../../../backends/egress/byte_budget.ts";
import { OpenAttempt } from "../../../backends/egress/open_attempt.ts";
import type { EgressAttempt } from "../../../backends/egress_attempt.ts";

const MAX = 1000;

/** An attempt that can be told from others. */
function attempt(sandbox: number): EgressAttempt {
  return new OpenAttempt(new ByteBudget(undefined)).record(`${sandbox}`);
}

function add(log: AttemptLog, from: number, to: number): void {
  for (let i = from; i < to; i++) log.add(attempt(i));
}

/** Takes so many, as numbers. */
async function take(
  from: AsyncIterator<EgressAttempt>,
  count: number,
): Promise<number[]> {
  const taken: number[] = [];
  for (let i = 0; i < count; i++) {
    const { value, done } = await from.next();
    if (done) break;
    taken.push(Number(value.sandbox));
  }
  return taken;
}

function newLog(): AttemptLog {
  return new AttemptLog({ onFault: fail });
}

function fail(error: unknown): never {
  throw new Error("Nothing was to fail", { cause: error });
}

/** Whether something is settled, once all that can go on has. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  promise.then(() => settled = true, () => settled = true);
  for (let i = 0; i < 20; i++) await Promise.resolve();
  return settled;
}

Deno.test("AttemptLog gives each who iterates what was and what comes, until it ends", async () => {
  const log = newLog();
  add(log, 0, 3);
  const first = log.iterate();
  assertEquals(await take(first, 2), [0, 1]);
  const second = log.iterate();
  const waiting = take(second, 9);
  add(log, 3, 5);
  const third = log.iterate();
  await log.end();
  assertEquals(await waiting, [0, 1, 2, 3, 4]);
  assertEquals(await take(first, 9), [2, 3, 4]);
  assertEquals(await take(third, 9), [0, 1, 2, 3, 4]);
  assertEquals(await take(log.iterate(), 9), [0, 1, 2, 3, 4]);
  assertEquals(await first.next(), { done: true, value: undefined });
});

Deno.test("AttemptLog keeps the last 1000", async () => {
  const log = newLog();
  add(log, 0, MAX + 5);
  await log.end();
  const all = await take(log.iterate(), MAX + 5);
  assertEquals([all.length, all[0], all.at(-1)], [MAX, 5, MAX + 4]);
});

Deno.test("AttemptLog ends an iteration that is cancelled, before and while it waits", async () => {
  const log = newLog();
  add(log, 0, 2);
  assertEquals(await take(log.iterate(AbortSignal.abort()), 9), []);
  const cancelled = new AbortController();
  const reader = log.iterate(cancelled.signal);
  assertEquals(await take(reader, 2), [0, 1]);
  const waiting = reader.next();
  cancelled.abort();
  assertEquals(await waiting, { done: true, value: undefined });
  add(log, 2, 3);
  assertEquals(await take(reader, 9), []);
  // What was queued is dropped.
  const other = new AbortController();
  const queued = log.iterate(other.signal);
  other.abort();
  assertEquals(await take(queued, 9), []);
  await log.end();
  assertEquals(await take(log.iterate(AbortSignal.abort()), 9), []);
});

Deno.test("AttemptLog forgets an iteration that its loop leaves", async () => {
  const log = newLog();
  add(log, 0, 2);
  const reader = log.iterate();
  for await (const { sandbox } of reader) {
    assertEquals(sandbox, "0");
    break;
  }
  assertEquals(await take(reader, 1), []);
  add(log, 2, 2 * MAX);
  assert(await isSettled(log.waitForRoom()));
  await log.end();
});

Deno.test("AttemptLog answers those who ask at once in their order", async () => {
  const log = newLog();
  const reader = log.iterate();
  const taken = Promise.all([
    take(reader, 1),
    take(reader, 1),
    take(reader, 1),
  ]);
  add(log, 0, 1);
  add(log, 1, 2);
  await log.end();
  assertEquals(await taken, [[0], [1], []]);
});

Deno.test("AttemptLog has others wait while one who iterates is 1000 behind", async () => {
  const log = newLog();
  const slow = log.iterate();
  const swift = log.iterate();
  for (let i = 0; i < MAX; i++) {
    assert(await isSettled(log.waitForRoom()), `${i}`);
    add(log, i, i + 1);
    await swift.next();
  }
  const room = log.waitForRoom();
  assertEquals(await isSettled(room), false);
  await slow.next();
  assert(await isSettled(room));
  // It leaves: nothing is held for it.
  add(log, MAX, MAX + 1);
  const again = log.waitForRoom();
  assertEquals(await isSettled(again), false);
  await slow.return?.();
  assert(await isSettled(again));
  await log.end();
});

Deno.test("AttemptLog has others wait for 1000 who are told, and not once it ends", async () => {
  const told = Promise.withResolvers<void>();
  const log = new AttemptLog({ onAttempt: () => told.promise, onFault: fail });
  add(log, 0, MAX);
  const room = log.waitForRoom();
  assertEquals(await isSettled(room), false);
  const ended = log.end();
  assert(await isSettled(room));
  assertEquals(await isSettled(ended), false);
  told.resolve();
  await ended;
});

Deno.test("AttemptLog says so when one who is told fails, at once or later", async () => {
  const faults: unknown[] = [];
  let given = 0;
  const log = new AttemptLog({
    onAttempt: () => {
      if (given++ === 0) throw new Error("at once");
      return Promise.reject(new Error("later"));
    },
    onFault: (error) => faults.push((error as Error).message),
  });
  add(log, 0, 2);
  await log.end();
  assertEquals(faults, ["at once", "later"]);
});
