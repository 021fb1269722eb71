import { assertEquals, assertMatch } from "@std/assert";
import {
  clientOf,
  type Container,
  type Docker,
  type Options,
  readAll,
  readFrames,
  refusal,
} from "./_client.ts";
import { FakeEngine } from "./fake_engine.ts";
import { BASIC_PROGRAMS, programsByName } from "./programs.ts";

const IMAGE = "example.com/box:1";
const images = { [IMAGE]: { env: ["A=1", "B=2"], workdir: "/home" } };

async function start(docker: Docker, HostConfig = {}): Promise<Container> {
  const Cmd = ["sleep", "1"];
  const container = await docker.createContainer({
    Image: IMAGE,
    Cmd,
    HostConfig,
  });
  await container.start();
  return container;
}

Deno.test("FakeEngine creates, starts, shows, lists and removes containers", async () => {
  await using engine = await FakeEngine.start({ images });
  engine.warnings = ["Your kernel does not support swap limit capabilities"];
  const docker = clientOf(engine);
  const container = await docker.createContainer({
    name: "one",
    Image: IMAGE,
    Cmd: ["sleep", "1"],
    Env: ["B=3"],
    User: "1:1",
    Labels: { "zu.run": "r=1" },
    NetworkDisabled: true,
    HostConfig: {
      Memory: 64 << 20,
      CapDrop: ["ALL"],
      Binds: ["/srv:/srv:ro"],
      Mounts: [{ Type: "bind", Source: "/tmp", Target: "/b", ReadOnly: false }],
    },
  });
  const before = await container.inspect();
  assertEquals(before.State.Status, "created");
  assertEquals(before.Name, "/one");
  await container.start();
  assertEquals(await refusal(container.start()), { status: 304, message: "" });
  const { State, Config, HostConfig, Mounts, NetworkSettings } = await container
    .inspect();
  assertEquals([State.Running, State.ExitCode], [true, 0]);
  assertEquals(Config.Env, ["B=3", "A=1"]);
  assertEquals([Config.User, Config.WorkingDir], ["1:1", "/home"]);
  assertEquals([HostConfig.MemorySwap, HostConfig.Runtime], [
    128 << 20,
    "runc",
  ]);
  assertEquals([HostConfig.PidsLimit, HostConfig.SecurityOpt], [null, null]);
  assertEquals(HostConfig.MaskedPaths?.includes("/proc/kcore"), true);
  assertEquals(Mounts.map(({ Destination, RW }) => [Destination, RW]), [
    ["/srv", false],
    ["/b", true],
  ]);
  assertEquals(NetworkSettings.Networks, {});
  for (const label of ["zu.run", "zu.run=r=1"]) {
    const found = await docker.listContainers({ filters: { label: [label] } });
    assertEquals(found.map(({ Id, State }) => [Id, State]), [
      [container.id, "running"],
    ]);
  }
  const others = { all: true, filters: { label: ["zu.run=2"] } };
  assertEquals(await docker.listContainers(others), []);
  assertEquals(await refusal(container.remove()), {
    status: 409,
    message:
      `You cannot remove a running container ${container.id}. Stop the ` +
      "container before attempting removal or force remove",
  });
  await container.remove({ force: true });
  assertEquals(engine.containers, []);
  assertEquals(await refusal(docker.getContainer("one").inspect()), {
    status: 404,
    message: "No such container: one",
  });
});

Deno.test("FakeEngine refuses what 20.10 refuses, in its words", async () => {
  await using engine = await FakeEngine.start({ images });
  const docker = clientOf(engine);
  const { id } = await docker.createContainer({
    name: "taken",
    Image: IMAGE,
    Cmd: ["nothing"],
  });
  const create = (options: Options) =>
    refusal(
      docker.createContainer({ Image: IMAGE, Cmd: ["sleep"], ...options }),
    );
  assertEquals(await create({ Image: "no:1" }), {
    status: 404,
    message: "No such image: no:1",
  });
  assertEquals(await create({ Cmd: [] }), {
    status: 400,
    message: "No command specified",
  });
  assertEquals(await create({ name: "taken" }), {
    status: 409,
    message: `Conflict. The container name "/taken" is already in use by ` +
      `container "${id}". You have to remove (or rename) that container to be ` +
      "able to reuse that name.",
  });
  assertEquals((await create({ name: "a!" })).status, 400);
  assertEquals(await create({ HostConfig: { Runtime: "runsc" } }), {
    status: 400,
    message: "Unknown runtime specified runsc",
  });
  const taken = docker.getContainer("taken");
  assertMatch((await refusal(taken.start())).message, /"nothing": executable/);
  assertEquals((await taken.inspect()).State.ExitCode, 127);
  assertEquals(await refusal(taken.kill()), {
    status: 409,
    message: `Cannot kill container: taken: Container ${id} is not running`,
  });
  assertEquals((await refusal(taken.stop())).status, 304);
  assertEquals(await refusal(taken.exec({ Cmd: ["true"] })), {
    status: 409,
    message: `Container ${id} is not running`,
  });
});

Deno.test("FakeEngine shows the output of the first process to who attached before the start", async () => {
  const programs = programsByName({
    main: async (_argv, io) => {
      await io.stdout("out\n");
      await io.stderr("err\n");
      return 7;
    },
  });
  await using engine = await FakeEngine.start({ images, programs });
  const docker = clientOf(engine);
  const container = await docker.createContainer({
    Image: IMAGE,
    Cmd: ["main"],
  });
  const options = { stream: true, stdout: true, stderr: true, hijack: true };
  const all = readFrames(await container.attach(options));
  const errors = readFrames(
    await container.attach({ ...options, stdout: false }),
  );
  // One that has not been started is one that does not run.
  assertEquals((await container.wait()).StatusCode, 0);
  await container.start();
  assertEquals(await all, { stdout: "out\n", stderr: "err\n", rest: 0 });
  assertEquals(await errors, { stdout: "", stderr: "err\n", rest: 0 });
  assertEquals((await container.inspect()).State.ExitCode, 7);
  const logs = await container.logs({ stdout: true, stderr: true, tail: 1 });
  assertEquals(logs.toString(), "\x02\0\0\0\0\0\0\x04err\n");
  assertEquals((await refusal(container.logs({}))).status, 400);
  assertEquals(await refusal(docker.getContainer("none").attach(options)), {
    status: 404,
    message: "No such container: none\r\n",
  });
});

Deno.test("FakeEngine lets containers vanish at their end where that was asked for", async () => {
  await using engine = await FakeEngine.start({ images });
  const docker = clientOf(engine);
  const container = await start(docker, { AutoRemove: true });
  const removed = container.wait({ condition: "removed" });
  await engine.when(
    "a wait",
    () => engine.requests.at(-1)!.path.endsWith("wait"),
  );
  await container.kill();
  assertEquals((await removed).StatusCode, 137);
  assertEquals(engine.containers, []);
  const Cmd = ["nothing"];
  const HostConfig = { AutoRemove: true };
  const bad = await docker.createContainer({ Image: IMAGE, Cmd, HostConfig });
  assertEquals((await refusal(bad.start())).status, 400);
  assertEquals(engine.containers, []);
});

Deno.test("FakeEngine passes signals on as the kernel and an init do", async () => {
  const programs = programsByName({
    ...BASIC_PROGRAMS,
    polite: (_argv, io) =>
      new Promise((resolve) => io.onSignal(() => resolve(3))),
  });
  await using engine = await FakeEngine.start({ images, programs });
  const docker = clientOf(engine);
  const shielded = await start(docker);
  await shielded.kill({ signal: "TERM" });
  assertEquals((await shielded.inspect()).State.Running, true);
  await shielded.stop();
  assertEquals((await shielded.inspect()).State.ExitCode, 137);
  const initiated = await start(docker, { Init: true });
  await initiated.kill({ signal: "15" });
  assertEquals((await initiated.inspect()).State.ExitCode, 143);
  const Cmd = ["polite"];
  const polite = await docker.createContainer({ Image: IMAGE, Cmd });
  await polite.start();
  assertEquals(await refusal(polite.kill({ signal: "NOPE" })), {
    status: 400,
    message: "Invalid signal: NOPE",
  });
  await polite.stop();
  assertEquals((await polite.inspect()).State.ExitCode, 3);
});

Deno.test("FakeEngine tells what has happened, between two times and through filters", async () => {
  let now = 1_000_000;
  await using engine = await FakeEngine.start({ images, now: () => now });
  const docker = clientOf(engine);
  const container = await start(docker);
  const exec = await container.exec({ Cmd: ["cat", "x"] });
  await exec.start({ Detach: true });
  now += 1500;
  const [fake] = engine.containers;
  fake!.outOfMemory(fake!.main!);
  const events = async (since: number, until: number, filters = {}) => {
    const stream = await docker.getEvents({ since, until, filters });
    const text = new TextDecoder().decode(await readAll(stream));
    return text.trim().split("\n").map((line) => line && JSON.parse(line));
  };
  const of = { container: [container.id] };
  const all = await events(0, 2000, of);
  assertEquals(all.map(({ Action }) => Action), [
    "create",
    "start",
    "exec_create: cat x",
    "exec_start: cat x",
    "exec_die",
    "oom",
    "die",
  ]);
  assertEquals(all.at(-1).Actor.Attributes.exitCode, "137");
  assertEquals(all.at(-1).time, 1001);
  assertEquals((await events(1001, 2000, of)).length, 2);
  assertEquals((await events(0, 1000, { event: ["exec_start"] })).length, 1);
  assertEquals(await events(0, 2000, { container: ["other"] }), [""]);
  const { State } = await container.inspect();
  assertEquals([State.OOMKilled, State.ExitCode], [true, 137]);
  assertEquals((await refusal(docker.getEvents({ filters: "{" }))).status, 500);
});

Deno.test("FakeEngine shows processes, statistics and changes", async () => {
  await using engine = await FakeEngine.start({ images });
  const docker = clientOf(engine);
  const container = await start(docker);
  await (await container.exec({ Cmd: ["sleep", "2"], User: "9" })).start({
    Detach: true,
  });
  const { Titles, Processes } = await container.top({
    ps_args: "-eo user,args",
  });
  assertEquals(Titles, ["USER", "COMMAND"]);
  assertEquals(Processes, [["root", "sleep 1"], ["9", "sleep 2"]]);
  assertEquals((await container.top()).Titles.at(-1), "CMD");
  const stats = await container.stats({ stream: false });
  assertEquals(stats.pids_stats?.current, 2);
  // dockerode gives bytes for whatever JSON is falsy.
  assertEquals(String(await container.changes()), "null\n");
  engine.containers[0]!.changes.push({ Path: "/x", Kind: 1 });
  assertEquals(await container.changes(), [{ Path: "/x", Kind: 1 }]);
  assertEquals((await refusal(container.stats({ stream: true }))).status, 501);
  assertEquals((await refusal(container.rename({ name: "y" }))).status, 404);
});

Deno.test("FakeEngine gives the first process what is sent to who attached, to its end", async () => {
  await using engine = await FakeEngine.start({ images });
  const container = await clientOf(engine).createContainer({
    Image: IMAGE,
    Cmd: ["cat"],
    OpenStdin: true,
    StdinOnce: true,
  });
  const stream = await container.attach({
    stream: true,
    stdin: true,
    stdout: true,
    hijack: true,
  });
  await container.start();
  const read = readFrames(stream);
  stream.end("from outside");
  assertEquals(await read, { stdout: "from outside", stderr: "", rest: 0 });
  assertEquals((await container.inspect()).State.Status, "exited");
});

Deno.test("FakeEngine never ends the output of a container that is removed without a start, as 20.10 does", async () => {
  await using engine = await FakeEngine.start({ images });
  const container = await clientOf(engine)
    .createContainer({ Image: IMAGE, Cmd: ["sleep", "1"] });
  const stream = await container.attach({
    stream: true,
    stdout: true,
    hijack: true,
  });
  const ended = Promise.withResolvers<string>();
  stream.on("end", () => ended.resolve("end")).resume();
  await container.remove();
  const pinged = clientOf(engine).ping().then(() => "nothing");
  assertEquals(await Promise.race([ended.promise, pinged]), "nothing");
  assertEquals(engine.openConnections >= 1, true);
  stream.destroy();
  await engine.when("no connection", () => engine.openConnections === 0);
});
