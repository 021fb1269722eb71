import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { Connections } from "../../../sinks/postgres/connections.ts";

/** A connection that notes what becomes of it. */
class Fake {
  isOver = false;
  fate = "open";

  destroy(): void {
    this.isOver = true;
    this.fate = "destroyed";
  }

  end(): Promise<void> {
    if (!this.isOver) this.fate = "ended";
    this.isOver = true;
    return Promise.resolve();
  }
}

/** Some connections, and all that were made. */
function some(max: number) {
  const made: Fake[] = [];
  const connections = new Connections(max, () => {
    made.push(new Fake());
    return Promise.resolve(made.at(-1)!);
  });
  return { connections, made };
}

const CLOSED = new Error("closed");

Deno.test("Connections lends one again that was given back, and makes no more than it may", async () => {
  const { connections, made } = some(2);
  const first = await connections.take();
  const second = await connections.take();
  const order: number[] = [];
  const waiting = [1, 2, 3].map(async (n) => {
    const client = await connections.take();
    order.push(n);
    connections.give(client);
  });
  connections.give(second);
  await Promise.all(waiting);
  assertEquals(order, [1, 2, 3], "who has waited longest comes first");
  connections.give(first);
  assertEquals(made, [first, second]);
  await connections.close(CLOSED);
  assertEquals(made.map(({ fate }) => fate), ["ended", "ended"]);
});

Deno.test("Connections replaces one that is lost, lent or not", async () => {
  const { connections, made } = some(1);
  const first = await connections.take();
  first.isOver = true;
  connections.give(first);
  const second = await connections.take();
  connections.give(second);
  second.isOver = true;
  const third = await connections.take();
  assertStrictEquals(made[2], third);
  connections.give(third);
  await connections.close(CLOSED);
});

Deno.test("Connections lets the next one try when connecting has failed", async () => {
  const failures = [new Error("down"), new Error("still down")];
  const connections = new Connections(1, () => {
    const error = failures.shift();
    return error === undefined
      ? Promise.resolve(new Fake())
      : Promise.reject(error);
  });
  const takes = [1, 2, 3].map(() => connections.take());
  await assertRejects(() => takes[0]!, Error, "down");
  await assertRejects(() => takes[1]!, Error, "still down");
  connections.give(await takes[2]!);
  await connections.close(CLOSED);
});

Deno.test("Connections ends all when it is closed: what is lent, what waits, and what is being made", async () => {
  const { connections, made } = some(1);
  const lent = await connections.take();
  const waiting = connections.take();
  const closing = connections.close(CLOSED);
  assertStrictEquals(await assertRejects(() => waiting), CLOSED);
  await closing;
  assertEquals(made.map(({ fate }) => fate), ["destroyed"]);
  connections.give(lent);
  assertStrictEquals(await assertRejects(() => connections.take()), CLOSED);

  const slow = new Connections<Fake>(1, (signal) => {
    const { promise, reject } = Promise.withResolvers<Fake>();
    signal.addEventListener("abort", () => reject(signal.reason));
    return promise;
  });
  const making = slow.take();
  const ended = slow.close(CLOSED);
  assertStrictEquals(await assertRejects(() => making), CLOSED);
  await ended;
});
