import { assertEquals, assertThrows } from "@std/assert";
import { Cleanups } from "../../../backends/local_docker/cleanups.ts";
import { backendFor, IMAGE, startEngine } from "./_fake_backend.ts";
import { failsWith } from "./_scoped_egress.ts";

/** A removal that fails so many times. */
function removal(failures: number) {
  const error = new Error("the engine is down");
  let tries = 0;
  const remove = () =>
    ++tries > failures ? Promise.resolve() : Promise.reject(error);
  return { remove, error, tries: () => tries };
}

Deno.test("Cleanups tries again what has failed, until it is done", async () => {
  const told: unknown[] = [];
  const cleanups = new Cleanups((error) => told.push(error));
  const { remove, error, tries } = removal(2);
  await cleanups.run(remove);
  assertThrows(() => cleanups.assertNoneFailed(), Error, error.message);
  await cleanups.retry();
  assertThrows(() => cleanups.assertNoneFailed());
  await cleanups.retry();
  cleanups.assertNoneFailed();
  await cleanups.retry();
  assertEquals(tries(), 3, "what is done is not done again");
  assertEquals(told, [error, error]);
});

Deno.test("Cleanups tries again what fails while it is waited for", async () => {
  const cleanups = new Cleanups(() => {});
  const gate = Promise.withResolvers<void>();
  const { remove, tries } = removal(1);
  cleanups.run(() => gate.promise.then(remove));
  const retried = cleanups.retry();
  gate.resolve();
  await retried;
  cleanups.assertNoneFailed();
  assertEquals(tries(), 2);
});

/** The engine creates, and from then on answers nothing but errors. */
async function launchThatLeaves() {
  const engine = await startEngine();
  const backend = backendFor(engine);
  const sandbox = await backend.launch({ image: IMAGE });
  engine.fault({ kind: "500", path: /\/attach$/ });
  engine.fault({
    kind: "500",
    method: "DELETE",
    path: /^\/containers\//,
    times: Infinity,
  });
  await failsWith("engine_failed", () => backend.launch({ image: IMAGE }));
  assertEquals(engine.containers.length, 2, "one was to be left");
  engine.clearFaults();
  return { engine, backend, sandbox };
}

Deno.test("LocalDockerBackend removes what an engine that was down has left: with a launch", async () => {
  const { engine, backend } = await launchThatLeaves();
  await backend.launch({ image: IMAGE });
  await engine.when("its removal", () => engine.containers.length === 2);
  await backend.close();
  assertEquals(engine.containers, []);
  await engine.close();
});

Deno.test("LocalDockerBackend removes what an engine that was down has left: with a sweep", async () => {
  const { engine, backend } = await launchThatLeaves();
  assertEquals(await backend.sweep(), []);
  assertEquals(engine.containers.length, 1);
  await backend.close();
  await engine.close();
});

Deno.test("LocalDockerBackend removes what an engine that was down has left: when it is closed", async () => {
  const { engine, backend } = await launchThatLeaves();
  await backend.close();
  assertEquals(engine.containers, []);
  await engine.close();
});

Deno.test("LocalDockerBackend.close says so if something may be left", async () => {
  const { engine, backend } = await launchThatLeaves();
  engine.fault({ kind: "500", method: "DELETE", path: /./, times: Infinity });
  await failsWith("engine_failed", () => backend.close());
  engine.clearFaults();
  await engine.close();
});
