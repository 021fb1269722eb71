import { assert, assertEquals, assertRejects } from "@std/assert";
import { ChangeSignal } from "../../sinks/_change_signal.ts";

Deno.test("ChangeSignal wakes everyone who waits, once", async () => {
  const change = new ChangeSignal();
  const { version } = change;
  const waits = [change.changed(version), change.changed(version)];
  change.notify();
  await Promise.all(waits);
  assert(change.version > version);
});

Deno.test("ChangeSignal does not wait for a change that has been already", async () => {
  const change = new ChangeSignal();
  const { version } = change;
  change.notify();
  await change.changed(version);
});

Deno.test("ChangeSignal does not wake for another's abort", async () => {
  const change = new ChangeSignal();
  const controller = new AbortController();
  const { signal } = controller;
  let woken = false;
  const waits = change.changed(change.version).then(() => woken = true);
  const aborted = change.changed(change.version, { signal });
  controller.abort(new Error("enough"));
  await assertRejects(() => aborted, Error, "enough");
  assertEquals(woken, false);
  change.notify();
  await waits;
});

Deno.test("ChangeSignal throws the reason of a signal that was aborted before", async () => {
  const change = new ChangeSignal();
  const signal = AbortSignal.abort(new Error("too late"));
  const since = change.version;
  change.notify();
  // Also where there is a change to tell of.
  await assertRejects(() => change.changed(since, { signal }), Error, "late");
});

Deno.test("ChangeSignal resolves when the time is over, and leaves no timer", async () => {
  const change = new ChangeSignal();
  await change.changed(change.version, { timeoutMs: 1 });
  const wait = change.changed(change.version, { timeoutMs: 1e6 });
  change.notify();
  // The sanitizer finds a timer that is left.
  await wait;
});

Deno.test("ChangeSignal leaves no listener behind", async () => {
  const change = new ChangeSignal();
  const { signal } = new AbortController();
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...of: Parameters<typeof add>) => {
    listeners++;
    add(...of);
  };
  signal.removeEventListener = (...of: Parameters<typeof remove>) => {
    listeners--;
    remove(...of);
  };
  const wait = change.changed(change.version, { signal });
  assertEquals(listeners, 1);
  change.notify();
  await wait;
  assertEquals(listeners, 0);
});
