import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  BackendError,
  LocalDockerBackend,
  type PullProgress,
} from "../../backends/mod.ts";
import type { FakeEngine } from "../fakes/fake_engine/fake_engine.ts";
import type { FaultKind } from "../fakes/fake_engine/faults.ts";
import { LAUNCH_ROUTES } from "./local_docker/_faults.ts";
import {
  backendFor,
  IMAGE,
  startEngine,
  text,
} from "./local_docker/_fake_backend.ts";

const spec = { image: IMAGE };

async function fails(fn: () => Promise<unknown>): Promise<string> {
  return (await assertRejects(fn, BackendError)).code;
}

const RUN_ROUTES: Readonly<Record<string, { method: string; path: RegExp }>> = {
  "creating an exec": { method: "POST", path: /^\/containers\/[^/]+\/exec/ },
  "starting an exec": { method: "POST", path: /^\/exec\/[^/]+\/start/ },
  "inspecting an exec": { method: "GET", path: /^\/exec\/[^/]+\/json/ },
};

Deno.test("lesson 20: LocalDockerBackend.run ends what was started though the answer was lost", async () => {
  await using engine = await startEngine();
  await using backend = backendFor(engine);
  await using sandbox = await backend.launch(spec);
  for (const kind of ["500", "reset", "garbage"] as const) {
    engine.fault({ ...RUN_ROUTES["starting an exec"]!, kind, isDone: true });
    await fails(() => backend.run(sandbox, ["linger"]));
    assertEquals(engine.containers[0]!.processes.length, 1, `after ${kind}`);
  }
  assertEquals((await backend.run(sandbox, ["true"])).exitCode, 0);
});

const CUTS: Readonly<Record<string, FaultKind>> = {
  "within a header": { kind: "half a frame", cut: "header" },
  "within a frame": { kind: "half a frame", cut: "body" },
  "after its first byte": { kind: "reset mid-stream", after: 1 },
};

for (const [where, fault] of Object.entries(CUTS)) {
  Deno.test(`LocalDockerBackend.run says that an output was cut off ${where}`, async () => {
    await using engine = await startEngine();
    await using backend = backendFor(engine);
    await using sandbox = await backend.launch(spec);
    engine.fault({ path: /^\/exec\/[^/]+\/start/, ...fault });
    assertEquals(
      await fails(() => backend.run(sandbox, ["say", "hello"])),
      "engine_failed",
    );
    assertEquals((await backend.run(sandbox, ["true"])).exitCode, 0);
  });
}

Deno.test("LocalDockerBackend.run reads an output that comes byte by byte", async () => {
  await using engine = await startEngine();
  await using backend = backendFor(engine);
  await using sandbox = await backend.launch(spec);
  engine.fault({ path: /^\/exec\/[^/]+\/start/, kind: "slow" });
  const { stdout } = await backend.run(sandbox, ["say", "hello"]);
  assertEquals(text(stdout), "hello");
});

Deno.test("LocalDockerBackend ends with what it runs when its engine stops, and works when it is back", async () => {
  await using engine = await startEngine();
  await using backend = backendFor(engine);
  const sandbox = await backend.launch(spec);
  const running = backend.run(sandbox, ["linger"]);
  await engine.when(
    "the program",
    () => engine.containers[0]!.processes.length === 2,
  );
  await engine.stop({ killsContainers: true });
  const ended = await running.then(
    ({ outcome }) => outcome,
    (error) => error.code,
  );
  assert(
    ["sandbox_gone", "engine_unavailable", "engine_failed"].includes(ended),
    ended,
  );
  assertEquals(
    await fails(() => backend.launch(spec)),
    "engine_unavailable",
  );
  engine.start();
  await using again = await backend.launch(spec);
  assertEquals((await backend.run(again, ["true"])).exitCode, 0);
  assertEquals(
    await fails(() => backend.run(sandbox, ["true"])),
    "sandbox_gone",
  );
});

/** Guards that an engine may leave out without a word. */
const LEFT_OUT: Readonly<Record<string, object>> = {
  "drop capabilities": { CapDrop: null },
  "limit processes": { PidsLimit: null },
  "limit memory": { Memory: 0 },
  "limit swap": { MemorySwap: -1 },
  "forbid new privileges": { SecurityOpt: null },
  "leave the network out": { NetworkMode: "bridge" },
};

for (const [guard, changed] of Object.entries(LEFT_OUT)) {
  Deno.test(`lesson 24: LocalDockerBackend launches nothing on an engine that does not ${guard}`, async () => {
    await using engine = await startEngine();
    await using backend = backendFor(engine);
    engine.fault({
      ...LAUNCH_ROUTES.inspecting!,
      kind: "altered",
      alter: (json) => {
        const state = json as { HostConfig: object };
        return { ...state, HostConfig: { ...state.HostConfig, ...changed } };
      },
    });
    assertEquals(await fails(() => backend.launch(spec)), "start_failed");
    assertEquals(engine.containers, []);
  });
}

Deno.test("lesson 26: LocalDockerBackend refuses images before it contacts the engine", async () => {
  await using engine = await startEngine();
  await using backend = backendFor(engine, {
    imagePolicy: { allow: ["localhost:5000", "docker.io/library"] },
  });
  for (const image of ["example.com/a", "team/a", "localhost:5001/a"]) {
    assertEquals(await fails(() => backend.launch({ image })), "image_refused");
  }
  const pinned = { pinned: true };
  for (const image of ["alpine", "localhost:5000/x:1"]) {
    assertEquals(
      await fails(() => backend.launch({ image, imagePolicy: pinned })),
      "image_refused",
    );
  }
  assertEquals(
    await fails(() =>
      backend.launch({ image: "x@sha256:", imagePolicy: pinned })
    ),
    "spec_refused",
  );
  assertEquals(engine.requests, []);
});

Deno.test("LocalDockerBackend pulls as the policy says, and tells how it comes along", async () => {
  await using engine = await startEngine({
    registry: {
      "localhost/pulled:1": {},
      "localhost/broken:1": { pullError: "no space" },
    },
  });
  await using backend = backendFor(engine);
  const image = "localhost/pulled:1";
  const pulls = () =>
    engine.requests.filter(({ path }) => path.startsWith("/images/create"))
      .length;
  const launch = async (pull?: "never" | "missing" | "always") => {
    const progress: PullProgress[] = [];
    await using _sandbox = await backend.launch(
      { image, ...(pull && { imagePolicy: { pull } }) },
      { onPullProgress: (each) => progress.push(each) },
    );
    return progress;
  };
  assertEquals(await fails(() => launch("never")), "image_unavailable");
  assertEquals(pulls(), 0);
  const progress = await launch();
  assertEquals(pulls(), 1);
  assert(progress.length > 0);
  assertEquals(progress[0]!.image, image);
  await launch("missing");
  assertEquals(pulls(), 1);
  await launch("always");
  assertEquals(pulls(), 2);
});

Deno.test("LocalDockerBackend gives up a pull that is aborted, fails or breaks off", async () => {
  await using engine = await startEngine({
    registry: {
      "localhost/pulled:1": {},
      "localhost/broken:1": { pullError: "no space" },
    },
  });
  await using backend = backendFor(engine);
  const path = /^\/images\/create/;
  const image = "localhost/pulled:1";
  for (const fault of [{ kind: "500" }, { kind: "reset" }] as const) {
    engine.fault({ path, ...fault });
    assert(/image_unavailable|engine_failed/.test(
      await fails(() => backend.launch({ image })),
    ));
  }
  const broken = await assertRejects(
    () => backend.launch({ image: "localhost/broken:1" }),
    BackendError,
  );
  assertEquals(broken.code, "image_unavailable");
  assert(broken.message.includes("no space"), broken.message);
  engine.fault({ path, kind: "reset mid-stream", after: 30 });
  assertEquals(
    await fails(() => backend.launch({ image })),
    "image_unavailable",
  );
  const gate = Promise.withResolvers<void>();
  engine.fault({ path, kind: "slow", until: gate.promise });
  const controller = new AbortController();
  const reason = new Error("enough");
  const launching = assertRejects(
    () => backend.launch({ image }, { signal: controller.signal }),
  );
  await engine.when(
    "the pull",
    () => engine.requests.at(-1)!.path.startsWith("/images/create"),
  );
  controller.abort(reason);
  assertEquals(await launching, reason);
  gate.resolve();
  assertEquals(engine.containers, []);
});

Deno.test("lesson 23: a launch that is called off while the engine creates leaves nothing in the end", async () => {
  await using engine = await startEngine();
  await using backend = backendFor(engine);
  await using _first = await backend.launch(spec);
  const gate = Promise.withResolvers<void>();
  engine.fault({
    ...LAUNCH_ROUTES.creating!,
    kind: "slow",
    until: gate.promise,
  });
  const controller = new AbortController();
  const reason = new Error("enough");
  const launching = assertRejects(
    () => backend.launch(spec, { signal: controller.signal }),
  );
  await engine.when("the second", () => engine.containers.length === 2);
  controller.abort(reason);
  gate.resolve();
  assertEquals(await launching, reason);
  assertEquals(engine.containers.length, 1);
});

Deno.test("lesson 31: LocalDockerBackend.run never makes a missing exit code a zero", async () => {
  for (const ExitCode of [null, "0", undefined]) {
    await using engine = await startEngine();
    await using backend = backendFor(engine);
    await using sandbox = await backend.launch(spec);
    engine.fault({
      ...RUN_ROUTES["inspecting an exec"]!,
      times: Infinity,
      kind: "altered",
      alter: (json) => ({ ...json as object, ExitCode }),
    });
    assertEquals(
      await fails(() => backend.run(sandbox, ["true"])),
      "engine_failed",
    );
  }
});

Deno.test("LocalDockerBackend says where it looked for an engine that is not there", async () => {
  const socketPath = `${await Deno.makeTempDir()}/none.sock`;
  await using backend = new LocalDockerBackend({ socketPath });
  const error = await assertRejects(() => backend.launch(spec), BackendError);
  assertEquals(error.code, "engine_unavailable");
  assert(error.message.includes("cannot be reached"), error.message);
  assert(error.cause !== undefined);
  await Deno.remove(socketPath.replace("/none.sock", ""));
});

Deno.test("LocalDockerBackend refuses options that make no sense when it is made", () => {
  const make = (options: object) => () => new LocalDockerBackend(options);
  for (const ms of [0, -1, NaN, Infinity, 2 ** 31]) {
    assertThrows(make({ startupTimeoutMs: ms }), RangeError);
    assertThrows(make({ execTimeoutMs: ms }), RangeError);
    assertThrows(make({ ttlMsMax: ms }), RangeError);
  }
  assertThrows(make({ tools: { a: "echo" } }), TypeError);
  assertThrows(make({ tiers: { a: { privileged: true } } }), TypeError);
  assertThrows(make({ imagePolicy: { allow: ["!"] } }), TypeError);
  const network = { unrestricted: true };
  assertThrows(make({ tiers: { code: { image: "a", network } } }), TypeError);
});

Deno.test("LocalDockerBackend has no more connections than what it does needs", async () => {
  await using engine: FakeEngine = await startEngine();
  await using backend = backendFor(engine);
  const sandbox = await backend.launch(spec);
  for (let i = 0; i < 20; i++) await backend.run(sandbox, ["say", "x"]);
  // The leash is one; what was answered may take a moment to be closed.
  await engine.when("the leash alone", () => engine.openConnections === 1);
  await backend.destroy(sandbox);
  await engine.when("none", () => engine.openConnections === 0);
});
