import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  BackendError,
  type BackendErrorCode,
  ScriptedBackend,
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

Deno.test("ScriptedBackend refuses a step without an outcome, and a spec without an image", async () => {
  assertThrows(
    () => new ScriptedBackend([{ call: CALL }]),
    TypeError,
    "Step 1",
  );
  const backend = new ScriptedBackend([]);
  await fails("spec_refused", () => backend.launch({}));
});
