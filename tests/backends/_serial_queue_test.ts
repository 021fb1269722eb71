import { assertEquals, assertRejects } from "@std/assert";
import { SerialQueue } from "../../backends/_serial_queue.ts";
import { turns } from "./sessions/_fake_launcher.ts";

Deno.test("SerialQueue runs one at a time and in order, whenever the next one comes", async () => {
  for (let steps = 0; steps < 20; steps++) {
    const queue = new SerialQueue(10);
    const order: string[] = [];
    const run = (name: string) =>
      queue.run(async () => {
        order.push(`${name} begins`);
        await turns(3);
        order.push(`${name} ends`);
      }, undefined);
    const first = [run("a"), run("b")];
    await turns(steps);
    await Promise.all([...first, run("c")]);
    assertEquals(
      order,
      ["a", "b", "c"].flatMap((name) => [`${name} begins`, `${name} ends`]),
    );
  }
});

Deno.test("SerialQueue goes on after a failure", async () => {
  const queue = new SerialQueue(10);
  const fails = () => Promise.reject(new Error("no"));
  const first = assertRejects(() => queue.run(fails, undefined), Error, "no");
  assertEquals(await queue.run(() => Promise.resolve(2), undefined), 2);
  await first;
  assertEquals(await queue.run(() => Promise.resolve(3), undefined), 3);
});

Deno.test("SerialQueue takes an abort at every step, and loses no turn", async () => {
  for (let steps = 0; steps < 20; steps++) {
    const queue = new SerialQueue(10);
    const controller = new AbortController();
    const { signal } = controller;
    const first = queue.run(() => turns(3), undefined);
    const second = queue.run(() => Promise.resolve("ran"), signal)
      .catch((reason) => reason);
    const third = queue.run(() => Promise.resolve("third"), undefined);
    await turns(steps);
    controller.abort("aborted");
    await first;
    const outcome = await second;
    assertEquals(outcome, outcome === "ran" ? "ran" : "aborted");
    assertEquals(await third, "third");
  }
});

Deno.test("SerialQueue refuses those for whom there is no room", async () => {
  const queue = new SerialQueue(1);
  const run = () => queue.run(() => turns(1), undefined);
  const both = [run(), run()];
  await assertRejects(run, RangeError, "1 are waiting");
  await Promise.all(both);
  await run();
});
