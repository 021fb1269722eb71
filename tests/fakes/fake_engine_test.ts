import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { clientOf, readAll, refusal } from "./fake_engine/_client.ts";
import { FakeEngine } from "./fake_engine/fake_engine.ts";
import { programsByName } from "./fake_engine/programs.ts";

const images = { box: {} };

Deno.test("FakeEngine tells about itself, with and without a version in the path", async () => {
  await using engine = await FakeEngine.start({ runtimes: ["runc", "runsc"] });
  const docker = clientOf(engine);
  assertEquals(String(await docker.ping()), "OK");
  assertEquals((await docker.version()).ApiVersion, "1.41");
  const info = await docker.info();
  assertEquals(info.SecurityOptions, ["name=seccomp,profile=default"]);
  assertEquals(Object.keys(info.Runtimes), ["runc", "runsc"]);
  for (
    const guard of ["MemoryLimit", "SwapLimit", "CpuCfsQuota", "PidsLimit"]
  ) {
    assertEquals(info[guard], true);
  }
  assertEquals(String(await clientOf(engine, "v1.41").ping()), "OK");
  assertEquals(
    engine.requests.map(({ method, path, version }) => [method, path, version]),
    [
      ["GET", "/_ping", undefined],
      ["GET", "/version", undefined],
      ["GET", "/info", undefined],
      ["GET", "/_ping", "v1.41"],
    ],
  );
});

Deno.test("FakeEngine pulls what its registry has, line by line", async () => {
  const registry = {
    "box:2": { user: "app", digests: ["box@sha256:" + "1".repeat(64)] },
    "bad:1": { pullError: "unauthorized" },
  };
  await using engine = await FakeEngine.start({ registry });
  const docker = clientOf(engine);
  const name = "docker.io/library/box:2";
  assertEquals(await refusal(docker.getImage(name).inspect()), {
    status: 404,
    message: `no such image: ${name}: No such image: ${name}`,
  });
  const pull = async (image: string) => {
    const bytes = await readAll(await docker.pull(image));
    return new TextDecoder().decode(bytes).trim().split("\n")
      .map((line) => JSON.parse(line));
  };
  const progress = await pull("box:2");
  assertEquals(progress[2]?.progressDetail, { current: 512, total: 1024 });
  const { Id, Config } = await docker.getImage(name).inspect();
  assertMatch(Id, /^sha256:[0-9a-f]{64}$/);
  assertEquals(Config.User, "app");
  for (const other of [Id, Id.slice(7, 19), "box@sha256:" + "1".repeat(64)]) {
    assertEquals((await docker.getImage(other).inspect()).Id, Id);
  }
  assertEquals((await pull("bad:1")).at(-1)?.error, "unauthorized");
  assertEquals((await refusal(docker.getImage("bad:1").inspect())).status, 404);
  assertEquals((await refusal(docker.pull("none:1"))).status, 404);
});

Deno.test("FakeEngine goes down and comes back, with or without its containers", async () => {
  await using engine = await FakeEngine.start({ images });
  const docker = clientOf(engine);
  const container = await docker.createContainer({
    Image: "box",
    Cmd: ["sleep", "1"],
  });
  await container.start();
  const exec = await container.exec({
    Cmd: ["sleep", "2"],
    AttachStdout: true,
  });
  const stream = await exec.start({ hijack: true, stdin: false });
  await engine.stop();
  assertEquals(engine.openConnections, 0);
  assertEquals((await readAll(stream)).length, 0);
  const error = await assertRejects(() => docker.ping(), Error);
  assertEquals("code" in error && error.code, "ENOENT");
  engine.start();
  assertEquals((await container.inspect()).State.Running, true);
  assertEquals((await refusal(exec.inspect())).status, 404);
  await engine.stop({ killsContainers: true });
  engine.start();
  assertEquals((await container.inspect()).State.ExitCode, 137);
});

Deno.test("FakeEngine closes with everything under way, twice if need be, and not again", async () => {
  const killed: string[] = [];
  const programs = programsByName({
    main: (_argv, io) => {
      io.killed.addEventListener(
        "abort",
        () => killed.push(io.process.argv[0]!),
      );
      return new Promise(() => {});
    },
  });
  const engine = await FakeEngine.start({ images, programs });
  const docker = clientOf(engine);
  const Cmd = ["main"];
  const container = await docker.createContainer({ Image: "box", Cmd });
  await container.start();
  const exec = await container.exec({ Cmd, AttachStdout: true });
  const stream = await exec.start({ hijack: true, stdin: false });
  const options = { stream: true, stdout: true, hijack: true };
  const attached = await container.attach(options);
  await Promise.all([engine.close(), engine.close()]);
  assertEquals(killed, ["main", "main"]);
  assertEquals((await readAll(stream)).length, 0);
  assertEquals((await readAll(attached)).length, 0);
  assertThrows(() => engine.start(), TypeError);
  await assertRejects(() => Deno.stat(engine.socketPath), Deno.errors.NotFound);
});

Deno.test("FakeEngine passes on, when it closes, what programs threw", async () => {
  const mine = new Error("an assertion of the test");
  const programs = programsByName({ main: () => Promise.reject(mine) });
  const engine = await FakeEngine.start({ images, programs });
  const container = await clientOf(engine)
    .createContainer({ Image: "box", Cmd: ["main"] });
  await container.start();
  const error = await assertRejects(() => engine.close(), AggregateError);
  assert(error.errors.includes(mine));
});

Deno.test("FakeEngine says what it waited for in vain, and leaves no timer", async () => {
  await using engine = await FakeEngine.start();
  await engine.when("nothing", () => true);
  const error = await assertRejects(
    () => engine.when("a request", () => false, { timeoutMs: 1 }),
    Error,
  );
  assertEquals(error.message, "Waited 1 ms in vain: a request");
  const asked = engine.when("a request", () => engine.requests.length === 1);
  await clientOf(engine).ping();
  await asked;
});
