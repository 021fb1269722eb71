import { assertEquals, assertRejects } from "@std/assert";
import { interruptible } from "../../../examples/demo/interruptible.ts";

const REASON = new DOMException("Interrupted", "AbortError");

Deno.test("interruptible brings what comes of it, and leaves no listener", async () => {
  const { signal } = new AbortController();
  const listeners = new Set<EventListener>();
  Object.assign(signal, {
    addEventListener: (_: string, listener: EventListener) =>
      listeners.add(listener),
    removeEventListener: (_: string, listener: EventListener) =>
      listeners.delete(listener),
  });
  assertEquals(await interruptible(() => Promise.resolve(7), signal), 7);
  const broken = () => Promise.reject(new TypeError("broken"));
  await assertRejects(() => interruptible(broken, signal), TypeError, "broken");
  assertEquals(listeners.size, 0);
});

Deno.test("interruptible stops waiting when it is interrupted, and hears of no failure then", async () => {
  const controller = new AbortController();
  const { promise, reject } = Promise.withResolvers<void>();
  const waiting = interruptible(() => promise, controller.signal);
  controller.abort(REASON);
  assertEquals(await assertRejects(() => waiting), REASON);
  reject(new TypeError("of no interest"));
});

Deno.test("interruptible begins nothing that was interrupted before", async () => {
  const run = () => Promise.reject(new TypeError("begun"));
  const signal = AbortSignal.abort(REASON);
  assertEquals(await assertRejects(() => interruptible(run, signal)), REASON);
});
