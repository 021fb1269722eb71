import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  BackendError,
  type BackendErrorCode,
  type LaunchSpec,
  ScriptedBackend,
  type ScriptedStep,
} from "../../backends/mod.ts";

const CALL = { name: "fetch", args: { url: "https://example.com/", tries: 1 } };
const OK = { status: 200, text: "hello" };

async function fails(
  code: BackendErrorCode,
  fn: () => Promise<unknown>,
): Promise<BackendError> {
  const error = await assertRejects(fn, BackendError);
  assertEquals(error.code, code);
  return error;
}

Deno.test("ScriptedBackend replays observations and errors in order", async () => {
  const gone = new BackendError("engine_unavailable", "no engine");
  const backend = new ScriptedBackend([
    { call: CALL, observation: OK },
    { error: gone },
    { observation: { status: 500, error: "no route" } },
  ]);
  await using sandbox = await backend.launch({ image: "alpine" });
  assertEquals(sandbox.image, "alpine");
  assertEquals(sandbox.backend, "scripted");
  assertEquals(await backend.exec(sandbox, CALL), OK);
  const error = await fails(
    "engine_unavailable",
    () => backend.exec(sandbox, CALL),
  );
  assertEquals(error, gone);
  assertEquals((await backend.exec(sandbox, CALL)).status, 500);
  assertEquals(backend.stepsLeft, 0);
});

Deno.test("ScriptedBackend compares calls, whatever the order of their keys", async () => {
  const backend = new ScriptedBackend([{ call: CALL, observation: OK }]);
  const sandbox = await backend.launch({ tier: "browser" });
  const other = { ...CALL, args: { ...CALL.args, tries: 2 } };
  const error = await fails(
    "script_mismatch",
    () => backend.exec(sandbox, other),
  );
  assertStringIncludes(error.message, '"tries":2');
  assertStringIncludes(error.message, '"tries":1');
  assertEquals(backend.stepsLeft, 1, "a wrong call takes no step");
  const same = { args: { tries: 1, url: CALL.args.url }, name: CALL.name };
  assertEquals(await backend.exec(sandbox, same), OK);
  await fails("script_mismatch", () => backend.exec(sandbox, same));
});

Deno.test("ScriptedBackend runs nothing in a sandbox that is destroyed or of another backend", async () => {
  const backend = new ScriptedBackend([{ observation: OK }]);
  const sandbox = await backend.launch({ image: "a" });
  const { id } = await backend.launch({ image: "a" });
  assertEquals([sandbox.id === id, backend.running], [false, 2]);
  await backend.destroy(sandbox);
  await backend.destroy(sandbox);
  await fails("sandbox_gone", () => backend.exec(sandbox, CALL));
  const foreign = await new ScriptedBackend([]).launch({ image: "a" });
  await fails("sandbox_gone", () => backend.exec(foreign, CALL));
  {
    await using _ = await backend.launch({ image: "a" });
    assertEquals(backend.running, 2);
  }
  assertEquals(backend.running, 1);
});

Deno.test("ScriptedBackend heeds an aborted signal", async () => {
  const backend = new ScriptedBackend([{ observation: OK }]);
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  const launch = () => backend.launch({ image: "a" }, { signal });
  assertEquals(await assertRejects(launch), reason);
  assertEquals(backend.running, 0);
  const sandbox = await backend.launch({ image: "a" });
  const exec = () => backend.exec(sandbox, CALL, { signal });
  assertEquals(await assertRejects(exec), reason);
  assertEquals(backend.stepsLeft, 1);
});

Deno.test("ScriptedBackend copies its script, and every observation", async () => {
  const observation = { status: 200, list: [1] };
  const backend = new ScriptedBackend([{ observation }]);
  observation.list.push(2);
  const sandbox = await backend.launch({ image: "a" });
  assertEquals(await backend.exec(sandbox, CALL), { status: 200, list: [1] });
});

Deno.test("ScriptedBackend refuses a step without an end, with two, or with no count", () => {
  const refused: [ScriptedStep, typeof TypeError | typeof RangeError][] = [
    [{ call: CALL }, TypeError],
    [{ pending: false }, TypeError],
    [{ observation: OK, pending: true }, TypeError],
    [{ error: new Error("no"), pending: true }, TypeError],
    [{ observation: OK, times: 0 }, RangeError],
    [{ observation: OK, times: 1.5 }, RangeError],
    [{ observation: OK, times: NaN }, RangeError],
  ];
  for (const [step, kind] of refused) {
    const script = [{ observation: OK }, step];
    assertThrows(() => new ScriptedBackend(script), kind, "Step 2");
  }
  const sessions = [{ command: { op: "title" } }];
  assertThrows(
    () => new ScriptedBackend([], { sessions }),
    TypeError,
    "Step 1",
  );
});

Deno.test("ScriptedBackend checks specs as any backend does, and takes a tier as it is", async () => {
  const backend = new ScriptedBackend([]);
  await fails("spec_refused", () => backend.launch({}));
  const typo = { image: "alpine", memry: "64m" } as LaunchSpec;
  const error = await fails("spec_refused", () => backend.launch(typo));
  assertStringIncludes(error.message, "memory");
  const open: LaunchSpec = { image: "a", network: { unrestricted: true } };
  await fails("network_refused", () => backend.launch(open));
  assertEquals(backend.running, 0);
  const tier = await backend.launch({ tier: "any tier at all" });
  assertEquals(tier.image, "any tier at all");
  const both = await backend.launch({ tier: "browser", image: "alpine" });
  assertEquals(both.image, "alpine");
});

Deno.test("ScriptedBackend takes a step as often as it is to be", async () => {
  const backend = new ScriptedBackend([
    { call: CALL, observation: OK, times: 2 },
    { observation: { status: 201 } },
    { observation: { status: 202 }, times: Infinity },
  ]);
  const sandbox = await backend.launch({ image: "a" });
  assertEquals(backend.stepsLeft, 3);
  const statuses: number[] = [];
  for (let n = 0; n < 6; n++) {
    statuses.push((await backend.exec(sandbox, CALL)).status);
  }
  assertEquals(statuses, [200, 200, 201, 202, 202, 202]);
  assertEquals(backend.stepsLeft, 0);
});

Deno.test("ScriptedBackend takes steps in any order, if told to, the first that fits", async () => {
  const other = { name: "other", args: {} };
  const backend = new ScriptedBackend([
    { call: CALL, observation: { status: 201 } },
    { call: other, observation: { status: 202 } },
    { call: CALL, observation: { status: 203 } },
  ], { anyOrder: true });
  const sandbox = await backend.launch({ image: "a" });
  const statuses = await Promise.all(
    [other, CALL, CALL].map(async (call) =>
      (await backend.exec(sandbox, call)).status
    ),
  );
  assertEquals(statuses, [202, 201, 203]);
  const none = await fails(
    "script_mismatch",
    () => backend.exec(sandbox, other),
  );
  assertStringIncludes(none.message, "ended");
  const left = new ScriptedBackend([{ call: CALL, observation: OK }], {
    anyOrder: true,
  });
  const its = await left.launch({ image: "a" });
  const error = await fails("script_mismatch", () => left.exec(its, other));
  assertStringIncludes(error.message, '"other"');
});

Deno.test("ScriptedBackend ends a pending step by its limit, its signal or its sandbox", async () => {
  const backend = new ScriptedBackend([{ pending: true, times: Infinity }]);
  const sandbox = await backend.launch({ image: "a" });
  const timed = await backend.exec(sandbox, CALL, { timeoutMs: 5 });
  assertEquals(timed.status, 504);
  assertStringIncludes(timed.error ?? "", "5 ms");
  const controller = new AbortController();
  const { signal } = controller;
  const aborted = backend.exec(sandbox, CALL, { signal });
  controller.abort("enough");
  assertEquals(await aborted.catch((reason) => reason), "enough");
  const ended = backend.exec(sandbox, CALL);
  assertEquals(backend.isAlive(sandbox), true);
  await backend.destroy(sandbox);
  assertEquals(backend.isAlive(sandbox), false);
  await fails("sandbox_gone", () => ended);
});

Deno.test("ScriptedBackend refuses time limits that are none", async () => {
  const backend = new ScriptedBackend([{ observation: OK }]);
  const sandbox = await backend.launch({ image: "a" });
  for (const timeoutMs of [0, -1, NaN, Infinity, 2 ** 31]) {
    const exec = () => backend.exec(sandbox, CALL, { timeoutMs });
    await assertRejects(exec, RangeError, "timeoutMs");
  }
  assertEquals(backend.stepsLeft, 1);
});

Deno.test("ScriptedBackend replays its sessions from the start for each server", async () => {
  const lost = new BackendError("protocol_error", "no JSON");
  const backend = new ScriptedBackend([], {
    sessions: [
      { command: { op: "go", url: "a" }, reply: { ok: true } },
      { error: lost },
      { reply: { title: "A" }, times: Infinity },
    ],
  });
  const first = await backend.openSession({ tier: "browser" });
  assertEquals(await first.send({ url: "a", op: "go", id: 9 }), { ok: true });
  const error = await fails("protocol_error", () => first.send({ op: "x" }));
  assertEquals(error, lost);
  assertEquals(await first.send({ op: "title" }), { title: "A" });
  await using second = await backend.openSession({ tier: "browser" });
  const wrong = () => second.send({ op: "stay" });
  assertStringIncludes((await fails("script_mismatch", wrong)).message, '"go"');
  assertEquals(await second.send({ op: "go", url: "a" }), { ok: true });
  assertEquals(backend.running, 2);
  await first.close();
  assertEquals(backend.running, 1);
});

Deno.test("ScriptedBackend shares a session by run key, and not by another command", async () => {
  const backend = new ScriptedBackend([], {
    sessions: [{ reply: { n: 1 } }, { reply: { n: 2 } }],
  });
  const options = { runKey: "run", command: ["zu-browser"] };
  const spec = { image: "a", memory: "64m" };
  const first = await backend.openSession(spec, options);
  // Another way to say the same.
  const same = { memory: 64 * 2 ** 20, image: "a" };
  const second = await backend.openSession(same, options);
  assertEquals(await first.send({}), { n: 1 });
  assertEquals(await second.send({}), { n: 2 });
  const other = { ...options, command: ["other"] };
  await fails("spec_refused", () => backend.openSession(spec, other));
  await first.close();
  assertEquals(backend.running, 1);
  await second.close();
  assertEquals(backend.running, 0);
});

Deno.test("ScriptedBackend has no sessions where none were recorded", async () => {
  const backend = new ScriptedBackend([]);
  await fails("unsupported", () => backend.openSession({ image: "a" }));
  const signal = AbortSignal.abort("enough");
  const open = backend.openSession({ image: "a" }, { signal });
  assertEquals(await open.catch((reason) => reason), "enough");
});
