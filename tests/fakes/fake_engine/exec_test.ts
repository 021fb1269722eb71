import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  clientOf,
  type Container,
  readAll,
  readFrames,
  refusal,
} from "./_client.ts";
import { FakeEngine } from "./fake_engine.ts";
import {
  BASIC_PROGRAMS,
  type Program,
  type ProgramIo,
  programsByName,
} from "./programs.ts";

const images = { box: { env: ["A=1"], workdir: "/home" } };

async function startBox(
  engine: FakeEngine,
  options: Record<string, unknown> = {},
): Promise<Container> {
  const container = await clientOf(engine).createContainer({
    Image: "box",
    Cmd: ["sleep", "1"],
    ...options,
  });
  await container.start();
  return container;
}

async function startExec(
  container: Container,
  Cmd: string[],
  options: Record<string, unknown> = {},
) {
  const exec = await container.exec({
    Cmd,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    ...options,
  });
  return { exec, stream: await exec.start({ hijack: true, stdin: true }) };
}

function start(programs: Record<string, Program>): Promise<FakeEngine> {
  return FakeEngine.start({
    images,
    programs: programsByName({ ...BASIC_PROGRAMS, ...programs }),
  });
}

Deno.test("FakeEngine runs a program of the test, on its raw argv, with both outputs and an exit code", async () => {
  let seen: unknown;
  await using engine = await start({
    sh: async (argv, io) => {
      const { env, user, cwd, container } = io;
      seen = { argv, A: env["A"], B: env["B"], user, cwd, id: container.id };
      await io.stdout("out");
      await io.stderr("err");
      await io.stdout("put");
      return 3;
    },
  });
  const container = await startBox(engine, { User: "1:1" });
  const argv = ["/bin/sh", "-c", 'exec "$@"', "sh", "a b"];
  const { exec, stream } = await startExec(container, argv, { Env: ["B=2"] });
  assertEquals(await readFrames(stream), {
    stdout: "output",
    stderr: "err",
    rest: 0,
  });
  const { id } = container;
  assertEquals(seen, { argv, A: "1", B: "2", user: "1:1", cwd: "/home", id });
  const { Running, ExitCode, ProcessConfig } = await exec.inspect();
  assertEquals([Running, ExitCode], [false, 3]);
  assertEquals(ProcessConfig.arguments, argv.slice(1));
});

Deno.test("FakeEngine gives a program its stdin, until the client shuts its side", async () => {
  await using engine = await start({});
  const container = await startBox(engine);
  const { exec, stream } = await startExec(container, ["cat"]);
  assertEquals((await exec.inspect()).ExitCode, null);
  const read = readFrames(stream);
  const sent = "x".repeat(300_000);
  stream.write("one ");
  stream.end(sent);
  assertEquals(await read, { stdout: `one ${sent}`, stderr: "", rest: 0 });
  const bare = await startExec(container, ["cat"], { AttachStdin: false });
  assertEquals(await readFrames(bare.stream), {
    stdout: "",
    stderr: "",
    rest: 0,
  });
});

Deno.test("FakeEngine loses what is sent before it has answered, as 20.10 does", async () => {
  await using engine = await start({});
  const container = await startBox(engine);
  const exec = await container.exec({
    Cmd: ["cat"],
    AttachStdin: true,
    AttachStdout: true,
  });
  using conn = await Deno.connect({
    transport: "unix",
    path: engine.socketPath,
  });
  const encoder = new TextEncoder();
  const request = `POST /v1.41/exec/${exec.id}/start HTTP/1.1\r\nHost: x\r\n` +
    "Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 2\r\n\r\n{}";
  await conn.write(encoder.encode(`${request}early`));
  const buffer = new Uint8Array(1000);
  const head = new TextDecoder().decode(
    buffer.subarray(0, await conn.read(buffer) ?? 0),
  );
  assert(head.startsWith("HTTP/1.1 101 UPGRADED\r\n"), head);
  await conn.write(encoder.encode("late"));
  await conn.closeWrite();
  const rest = await readAll(conn.readable);
  assertEquals(new TextDecoder().decode(rest), "\x01\0\0\0\0\0\0\x04late");
});

Deno.test("FakeEngine sends only the outputs that were asked for, and no frames with a terminal", async () => {
  await using engine = await start({
    both: async (_argv, io) => {
      await io.stdout("out");
      await io.stderr("err");
      return 0;
    },
  });
  const container = await startBox(engine);
  const only = await startExec(container, ["both"], { AttachStdout: false });
  assertEquals(await readFrames(only.stream), {
    stdout: "",
    stderr: "err",
    rest: 0,
  });
  const tty = await startExec(container, ["both"], { Tty: true });
  assertEquals(new TextDecoder().decode(await readAll(tty.stream)), "outerr");
  const exec = await container.exec({ Cmd: ["both"], AttachStdout: true });
  const plain = await exec.start({});
  assertEquals(await readFrames(plain), { stdout: "out", stderr: "", rest: 0 });
});

Deno.test("FakeEngine keeps frames whole and in order for a program that does not wait", async () => {
  await using engine = await start({
    hasty: async (_argv, io) => {
      const writes: Promise<void>[] = [];
      for (let i = 0; i < 300; i++) {
        writes.push(i % 2 === 0 ? io.stdout(`${i} `) : io.stderr(`${i} `));
      }
      writes.push(io.stdout("x".repeat(1_000_000)));
      await Promise.all(writes.slice(0, 300));
      return 0;
    },
  });
  const container = await startBox(engine);
  const { stream } = await startExec(container, ["hasty"]);
  const { stdout, stderr, rest } = await readFrames(stream);
  const numbers = Array.from({ length: 150 }, (_, i) => i * 2);
  assertEquals(stdout.slice(0, stdout.indexOf("x")), numbers.join(" ") + " ");
  assertEquals(stderr, numbers.map((i) => i + 1).join(" ") + " ");
  assertEquals([stdout.length - stdout.indexOf("x"), rest], [1_000_000, 0]);
});

Deno.test("FakeEngine makes a program wait while nobody reads, and not for one who left", async () => {
  let written = 0;
  await using engine = await start({
    yes: async (_argv, io) => {
      for (;;) {
        await io.stdout(new Uint8Array(64 * 1024));
        written++;
      }
    },
  });
  const container = await startBox(engine);
  const { exec, stream } = await startExec(container, ["yes"]);
  stream.pause();
  const [fake] = engine.containers;
  const [, yes] = fake!.processes;
  // Full: the last write does not get through until somebody reads.
  await until(() => written > 1);
  await quiet(() => written);
  const before = written;
  assert(before < 32, `${before} writes got through`);
  stream.destroy();
  await until(() => written > before + 100);
  assertEquals((await exec.inspect()).Running, true);
  await engine.when("the connection's end", () => engine.openConnections === 0);
  yes!.kill();
  assertEquals((await exec.inspect()).ExitCode, 137);
});

Deno.test("FakeEngine ends programs and streams with their container", async () => {
  const reasons: string[] = [];
  await using engine = await start({
    stuck: async (_argv, io) => {
      try {
        for await (const bytes of io.stdin) await io.stdout(bytes);
      } catch (error) {
        reasons.push(String(error));
        await assertRejects(() => io.stdout("too late"), DOMException);
        throw error;
      }
      return 0;
    },
  });
  for (const end of ["kill", "remove"] as const) {
    const container = await startBox(engine);
    const { exec, stream } = await startExec(container, ["stuck"]);
    const created = await container.exec({ Cmd: ["true"] });
    const read = readFrames(stream);
    stream.write("x");
    await engine.when(
      "the program",
      () => engine.containers[0]!.processes.length === 2,
    );
    await (end === "kill"
      ? container.kill()
      : container.remove({ force: true }));
    assertEquals((await read).rest, 0);
    if (end === "kill") {
      assertEquals((await exec.inspect()).ExitCode, 137);
      // 20.10 forgets what was never started, and the rest with the container.
      assertEquals((await refusal(created.inspect())).status, 404);
      await container.remove();
    }
    assertEquals(await refusal(exec.inspect()), {
      status: 404,
      message: `No such exec instance: ${exec.id}`,
    });
  }
  assertEquals(reasons.length, 2);
  assertEquals(engine.containers, []);
});

Deno.test("FakeEngine says in the stream why a command cannot run", async () => {
  await using engine = await start({});
  const container = await startBox(engine);
  const { exec, stream } = await startExec(container, ["nothing"]);
  assertEquals(
    (await readFrames(stream)).stdout,
    "OCI runtime exec failed: exec failed: unable to start container process: " +
      'exec: "nothing": executable file not found in $PATH: unknown\r\n',
  );
  assertEquals((await exec.inspect()).ExitCode, 126);
  const again = await exec.start({ hijack: true, stdin: true });
  assertEquals(
    (await readFrames(again)).stdout,
    `Error: Exec command ${exec.id} has already run\r\n`,
  );
  const detached = await container.exec({ Cmd: ["/nothing"] });
  assertEquals((await refusal(detached.start({ Detach: true }))).status, 400);
  assertEquals(await refusal(container.exec({ Cmd: [] })), {
    status: 400,
    message: "No exec command specified",
  });
});

Deno.test("FakeEngine keeps a stream open for a child in the background", async () => {
  const child = Promise.withResolvers<void>();
  await using engine = await start({
    parent: async (_argv, io) => {
      io.holdOutputs(child.promise.then(() => io.stdout("child")));
      await io.stdout("parent ");
      return 0;
    },
  });
  const container = await startBox(engine);
  const { exec, stream } = await startExec(container, ["parent"]);
  const read = readFrames(stream);
  await engine.when(
    "the parent's end",
    () => engine.containers[0]!.processes.length === 1,
  );
  assertEquals((await exec.inspect()).ExitCode, 0);
  child.resolve();
  assertEquals((await read).stdout, "parent child");
});

Deno.test("FakeEngine can wait for its readers before a container has ended, as 20.10 does", async () => {
  const programs = programsByName({
    ...BASIC_PROGRAMS,
    big: async (_argv, io: ProgramIo) => {
      await io.stdout(new Uint8Array(4_000_000));
      return 0;
    },
  });
  const waitsForReaders = true;
  await using engine = await FakeEngine.start({
    images,
    programs,
    waitsForReaders,
  });
  const container = await startBox(engine);
  const { stream } = await startExec(container, ["big"]);
  stream.pause();
  let isRemoved = false;
  const removed = container.remove({ force: true }).then(() =>
    isRemoved = true
  );
  await engine.when(
    "the end of all programs",
    () => engine.containers.every(({ processes }) => processes.length === 0),
  );
  await clientOf(engine).ping();
  assertEquals(isRemoved, false);
  stream.destroy();
  await removed;
  assertEquals(engine.containers, []);
});

/** Waits until something holds, a turn of the event loop at a time. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve));
}

/** Waits until a number has stayed the same for a hundred turns. */
async function quiet(number: () => number): Promise<void> {
  for (let same = 0, last = number(); same < 100; same++) {
    await new Promise((resolve) => setTimeout(resolve));
    if (number() !== last) same = 0;
    last = number();
  }
}
