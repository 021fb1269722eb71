import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  clientOf,
  type Container,
  readAll,
  readFrames,
  refusal,
} from "./_client.ts";
import { FakeEngine } from "./fake_engine.ts";
import { BASIC_PROGRAMS, programsByName } from "./programs.ts";

const images = { box: {} };

/** An engine, and a container that runs in it and can say hello. */
async function start(): Promise<
  AsyncDisposable & { engine: FakeEngine; container: Container }
> {
  const programs = programsByName({
    ...BASIC_PROGRAMS,
    hello: async (_argv, io) => {
      await io.stdout("hello ");
      await io.stderr("dear ");
      await io.stdout("world");
      return 0;
    },
  });
  const engine = await FakeEngine.start({ images, programs });
  const container = await clientOf(engine)
    .createContainer({ Image: "box", Cmd: ["sleep", "1"] });
  await container.start();
  return {
    engine,
    container,
    [Symbol.asyncDispose]: () => engine.close(),
  };
}

async function startHello(container: Container) {
  const exec = await container.exec({
    Cmd: ["hello"],
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
  });
  return { exec, stream: await exec.start({ hijack: true, stdin: true }) };
}

async function codeOf(request: Promise<unknown>): Promise<unknown> {
  const error = await assertRejects(() => request, Error);
  return "code" in error ? error.code : error.name;
}

Deno.test("FakeEngine fails at the n-th request that a fault matches, so many times", async () => {
  await using box = await start();
  const { engine, container } = box;
  engine.fault({
    kind: "500",
    method: "GET",
    path: /\/json$/,
    nth: 2,
    times: 2,
  });
  engine.fault({ kind: "500", method: "POST", path: /\/json$/ });
  const statuses: number[] = [];
  for (let i = 0; i < 4; i++) {
    statuses.push(
      await container.inspect().then(() => 200, (e) => e.statusCode),
    );
  }
  assertEquals(statuses, [200, 500, 500, 200]);
  engine.fault({
    kind: "500",
    path: /./,
    times: Infinity,
    message: "no space",
  });
  for (let i = 0; i < 3; i++) {
    assertEquals(await refusal(container.inspect()), {
      status: 500,
      message: "no space",
    });
  }
  engine.clearFaults();
  await container.inspect();
  assertEquals(engine.requests.length, 10);
  for (const wrong of [{ nth: 0 }, { times: NaN }]) {
    assertThrows(
      () => engine.fault({ kind: "500", path: /./, ...wrong }),
      RangeError,
    );
  }
  assertThrows(
    () => engine.fault({ kind: "reset mid-stream", path: /./, after: -1 }),
    RangeError,
  );
});

for (const kind of ["500", "reset", "garbage", "silence"] as const) {
  for (const isDone of [undefined, true] as const) {
    const done = isDone === true ? "after it did" : "without doing";
    Deno.test(`FakeEngine answers with ${kind} ${done} what was asked`, async () => {
      await using box = await start();
      const { engine } = box;
      engine.fault({
        kind,
        method: "POST",
        path: /\/create$/,
        ...(isDone === undefined ? {} : { isDone }),
      });
      const aborter = new AbortController();
      const abortSignal = aborter.signal;
      const request = clientOf(engine)
        .createContainer({ Image: "box", Cmd: ["true"], abortSignal });
      if (kind === "silence") {
        await engine.when("the request", () => engine.requests.length === 3);
        assertEquals(engine.openConnections, 1);
        aborter.abort();
      }
      const expected = {
        "500": undefined,
        reset: "ECONNRESET",
        garbage: "HPE_INVALID_CONSTANT",
        silence: "ABORT_ERR",
      };
      if (kind === "500") assertEquals((await refusal(request)).status, 500);
      else assertEquals(await codeOf(request), expected[kind]);
      assertEquals(engine.containers.length, isDone === true ? 2 : 1);
      await engine.when("no connection", () => engine.openConnections === 0);
    });
  }
}

Deno.test("FakeEngine says nothing for as long as it is open, and closes all the same", async () => {
  const box = await start();
  const { engine, container } = box;
  engine.fault({ kind: "silence", path: /\/json$/ });
  const reset = codeOf(container.inspect());
  await engine.when("the request", () => engine.requests.length === 3);
  await engine.close();
  assertEquals(await reset, "ECONNRESET");
});

Deno.test("FakeEngine starts the command under an answer that does not come", async () => {
  await using box = await start();
  const { engine, container } = box;
  const exec = await container.exec({ Cmd: ["sleep", "2"] });
  engine.fault({ kind: "silence", path: /\/start$/, isDone: true });
  const aborter = new AbortController();
  const lost = codeOf(
    exec.start({ hijack: true, stdin: false, abortSignal: aborter.signal }),
  );
  await engine.when(
    "the command",
    () => engine.containers[0]!.processes.length > 1,
  );
  aborter.abort();
  assertEquals(await lost, "ABORT_ERR");
  assertEquals((await exec.inspect()).Running, true);
});

Deno.test("FakeEngine breaks a stream off after so many bytes, in the middle of frames or between them", async () => {
  await using box = await start();
  const { engine, container } = box;
  const path = /\/start$/;
  const cuts = [
    [{ kind: "reset mid-stream", after: 0 }, "", "", 0],
    [{ kind: "reset mid-stream", after: 14 }, "hello ", "", 0],
    [{ kind: "reset mid-stream", after: 17 }, "hello ", "", 3],
    [{ kind: "half a frame", cut: "header" }, "", "", 4],
    [{ kind: "half a frame" }, "", "", 11],
    [{ kind: "half a frame", frames: 2 }, "hello ", "dear ", 10],
    [{ kind: "half a frame", frames: 1, cut: "header" }, "hello ", "", 4],
  ] as const;
  for (const [fault, stdout, stderr, rest] of cuts) {
    engine.fault({ ...fault, path });
    const { exec, stream } = await startHello(container);
    assertEquals(await readFrames(stream), { stdout, stderr, rest });
    // What runs does not end with its stream.
    await engine.when(
      "its end",
      () => engine.containers[0]!.processes.length === 1,
    );
    assertEquals((await exec.inspect()).ExitCode, 0);
  }
});

Deno.test("FakeEngine stalls in the middle of a stream, and leaves it open after the program's end", async () => {
  await using box = await start();
  const { engine, container } = box;
  engine.fault({ kind: "silence", after: 20, path: /\/start$/ });
  const { exec, stream } = await startHello(container);
  const reader = stream[Symbol.asyncIterator]();
  let length = 0;
  while (length < 20) length += (await reader.next()).value?.length ?? 0;
  assertEquals(length, 20);
  await engine.when(
    "its end",
    () => engine.containers[0]!.processes.length === 1,
  );
  assertEquals((await exec.inspect()).ExitCode, 0);
  assertEquals(engine.openConnections >= 1, true);
  await engine.stop();
  assertEquals((await reader.next()).done, true);
});

Deno.test("FakeEngine sends byte by byte", async () => {
  await using box = await start();
  const { engine, container } = box;
  engine.fault({ kind: "slow", path: /\/(?:start|exec)$/, times: 2 });
  const { stream } = await startHello(container);
  const sizes: number[] = [];
  stream.on("data", (bytes) => sizes.push(bytes.length));
  assertEquals(await readFrames(stream), {
    stdout: "hello world",
    stderr: "dear ",
    rest: 0,
  });
  assert(sizes.length > 20, `only ${sizes.length} pieces`);
});

Deno.test("FakeEngine waits for the test, before an answer or in its middle", async () => {
  await using box = await start();
  const { engine, container } = box;
  const gate = Promise.withResolvers<void>();
  engine.fault({ kind: "slow", until: gate.promise, path: /\/json$/ });
  engine.fault({
    kind: "slow",
    until: gate.promise,
    after: 10,
    path: /\/start$/,
  });
  let isThere = false;
  const inspected = container.inspect().then(() => isThere = true);
  const { stream } = await startHello(container);
  const reader = stream[Symbol.asyncIterator]();
  const { value } = await reader.next();
  assertEquals(value.length, 10);
  await clientOf(engine).ping();
  assertEquals(isThere, false);
  gate.resolve();
  await inspected;
  let rest = 0;
  for (;;) {
    const { done, value } = await reader.next();
    if (done === true) break;
    rest += value.length;
  }
  assertEquals(rest, 3 * 8 + 16 - 10);
});

Deno.test("FakeEngine closes while answers wait for a test that never opens its gate", async () => {
  const box = await start();
  const { engine, container } = box;
  const until = Promise.withResolvers<void>().promise;
  engine.fault({ kind: "slow", until, path: /\/json$/ });
  engine.fault({ kind: "slow", path: /\/top$/ });
  const inspected = codeOf(container.inspect());
  const aborter = new AbortController();
  const topped = codeOf(container.top({ abortSignal: aborter.signal }));
  await engine.when("both", () => engine.requests.length === 4);
  await engine.close();
  assertEquals(await inspected, "ECONNRESET");
  aborter.abort();
  await topped;
});

Deno.test("FakeEngine sends JSON that is none, and JSON that says something else", async () => {
  await using box = await start();
  const { engine, container } = box;
  engine.fault({ kind: "bad json", path: /\/json$/ });
  // dockerode gives the bytes when it cannot parse them.
  const bytes: unknown = await container.inspect();
  assert(bytes instanceof Uint8Array);
  const text = new TextDecoder().decode(bytes);
  assert(text.startsWith('{"Id":"') && text.endsWith("!!!"), text);
  engine.fault({
    kind: "altered",
    path: /^\/info$/,
    times: Infinity,
    alter: (info) => ({ ...info as object, PidsLimit: false }),
  });
  const docker = clientOf(engine);
  assertEquals((await docker.info()).PidsLimit, false);
  assertEquals((await docker.info()).SwapLimit, true);
});

Deno.test("FakeEngine breaks off the lines of a pull", async () => {
  const registry = { "far:1": {} };
  await using engine = await FakeEngine.start({ registry });
  const docker = clientOf(engine);
  engine.fault({
    kind: "reset mid-stream",
    after: 100,
    path: /\/images\/create$/,
  });
  const stream = await docker.pull("far:1");
  await assertRejects(() => readAll(stream), Error, "aborted");
});
