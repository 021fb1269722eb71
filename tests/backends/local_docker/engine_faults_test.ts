import { assertEquals } from "@std/assert";
import { METHODS } from "./_backend_methods.ts";
import { backendFor, IMAGE, startEngine } from "./_fake_backend.ts";
import { type Trouble, tryAtEachRequest } from "./_fault_cell.ts";
import { FILE_METHODS, FILE_WAYS } from "./_file_methods.ts";
import { FAULTS, ODD_ANSWERS, STREAM_FAULTS } from "./_faults.ts";

/** Answers that are bytes of programs, of which the engine vouches for none. */
const STREAMS = /\/(?:start|attach|logs)$/;

/** Everything that the fake engine can do wrong, but for what takes time. */
const TROUBLES: Readonly<Record<string, Trouble>> = {
  ...Object.fromEntries(
    Object.entries({ ...FAULTS, ...STREAM_FAULTS, ...ODD_ANSWERS })
      .map(([what, fault]) => [what, { fault }]),
  ),
  "JSON that is none": { fault: { kind: "bad json" }, butFor: STREAMS },
  // Between two frames, the end of a connection is what the end of an output is.
  "no more than a header": {
    fault: { kind: "reset mid-stream", after: 0 },
    butFor: STREAMS,
  },
  "errors from then on": { fault: { kind: "500" }, isLasting: true },
  "closed connections from then on": {
    fault: { kind: "reset" },
    isLasting: true,
  },
  "noise from then on": { fault: { kind: "garbage" }, isLasting: true },
};

/** Whether everything is to be tried with everything, which takes minutes. */
const IS_LONG = Deno.env.get("ZU_ENGINE_FAULTS") === "long";

/** What every method is tried with, however short the time. */
const FEW = ["a closed connection", "half of a frame", "errors from then on"];
/** Of the rest, each method is tried with one in so many, and the next with others. */
const ONE_IN = 9;

for (
  const [m, [name, method]] of Object.entries({ ...METHODS, ...FILE_METHODS })
    .entries()
) {
  const isLikeAnother = name in FILE_METHODS && !FILE_WAYS.includes(name);
  for (const [t, [what, trouble]] of Object.entries(TROUBLES).entries()) {
    const isDue = !isLikeAnother && (m + t) % ONE_IN === 0;
    if (!isDue && !IS_LONG && !FEW.includes(what)) continue;
    Deno.test(`LocalDockerBackend survives ${what} at each request of ${name}`, async () => {
      await tryAtEachRequest(name, method, trouble);
    });
  }
}

Deno.test("LocalDockerBackend.run takes an end of the connection between two frames for the end of the output, and tells the right exit code", async () => {
  await using engine = await startEngine();
  await using backend = backendFor(engine);
  await using sandbox = await backend.launch({ image: IMAGE });
  // The engine's protocol has nothing else that would tell where an output ends.
  engine.fault({
    kind: "reset mid-stream",
    after: 0,
    path: /^\/exec\/[^/]+\/start/,
  });
  const { exitCode, stdout } = await backend.run(sandbox, ["say", "hello"]);
  assertEquals([exitCode, stdout.length], [0, 0]);
});
