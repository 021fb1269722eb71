import { assert, assertEquals } from "@std/assert";
import { LocalDockerBackend } from "../../../backends/local_docker_backend.ts";
import type { Sandbox } from "../../../backends/mod.ts";
import type { FakeEngine } from "../../fakes/fake_engine/fake_engine.ts";
import {
  BASIC_PROGRAMS,
  type Program,
  programsByName,
} from "../../fakes/fake_engine/programs.ts";
import { sandboxPrograms } from "../../fakes/fake_engine/sandbox_programs.ts";
import { certPath, TlsFront } from "../../fixtures/tls/tls_front.ts";
import { IMAGE, startEngine, text } from "./_fake_backend.ts";
import { withEnv } from "./_with_env.ts";

/** What a program says that is given something to read, and then its end. */
async function hears(
  backend: LocalDockerBackend,
  sandbox: Sandbox,
): Promise<string> {
  const { stdout } = await backend.run(sandbox, ["cat"], { stdin: "heard" });
  return text(stdout);
}

/** A backend that finds a fake engine behind TLS in its environment. */
async function behindTls(
  options: Parameters<typeof startEngine>[0],
  test: (
    parts: { engine: FakeEngine; front: TlsFront; backend: LocalDockerBackend },
  ) => Promise<void>,
): Promise<void> {
  await using engine = await startEngine(options);
  await using front = new TlsFront(engine.socketPath);
  const variables = {
    DOCKER_HOST: `tcp://127.0.0.1:${front.port}`,
    DOCKER_TLS_VERIFY: "1",
    DOCKER_CERT_PATH: certPath("client"),
  };
  await withEnv(variables, async () => {
    await using backend = new LocalDockerBackend({ onWarning: () => {} });
    await test({ engine, front, backend });
  });
}

Deno.test("LocalDockerBackend works behind TLS, the ends of inputs included", async () => {
  await behindTls({}, async ({ backend, engine }) => {
    await using sandbox = await backend.launch({ image: IMAGE });
    assertEquals(await hears(backend, sandbox), "heard");
    const megabytes = new Uint8Array(3_000_000).fill(7);
    const { stdout } = await backend.run(sandbox, ["cat"], {
      stdin: megabytes,
    });
    assertEquals(stdout, megabytes);
    const process = await backend.spawn(sandbox, ["cat"]);
    const writer = process.stdin.getWriter();
    await writer.write(new TextEncoder().encode("both ways"));
    const reader = process.stdout.getReader();
    assertEquals(text((await reader.read()).value!), "both ways");
    await writer.close();
    assertEquals((await reader.read()).done, true);
    assertEquals((await process.status).exitCode, 0);
    const { outcome } = await backend.run(sandbox, ["sleep", "9"], {
      timeoutMs: 50,
    });
    assertEquals(outcome, "timeout");
    await backend.destroy(sandbox);
    assertEquals(engine.containers, []);
  });
});

Deno.test("LocalDockerBackend's sandboxes end when their TLS connection does", async () => {
  await behindTls({}, async ({ backend, engine, front }) => {
    const sandbox = await backend.launch({ image: IMAGE });
    const process = await backend.spawn(sandbox, ["linger"]);
    const reader = process.stdout.getReader();
    assertEquals(text((await reader.read()).value!), "on\n");
    front.cut();
    assertEquals((await process.status).outcome, "sandbox_gone");
    await engine.when("the end", () => engine.containers.length === 0);
    assertEquals(backend.running, 0);
  });
});

Deno.test("LocalDockerBackend holds a program back behind TLS when nobody reads", async () => {
  let written = 0;
  let isDone = false;
  const total = 60_000_000;
  const piece = new Uint8Array(100_000);
  const pour: Program = async (_argv, io) => {
    for (; written < total; written += piece.length) await io.stdout(piece);
    isDone = true;
    return 0;
  };
  const programs = sandboxPrograms(
    programsByName({ ...BASIC_PROGRAMS, pour }),
  );
  await behindTls({ programs }, async ({ backend, engine }) => {
    await using sandbox = await backend.launch({ image: IMAGE });
    const process = await backend.spawn(sandbox, ["pour"]);
    const reader = process.stdout.getReader();
    await reader.read();
    // Other connections do their work meanwhile, in which more would have come.
    let stand = -1;
    while (stand !== written) {
      stand = written;
      for (let i = 0; i < 5; i++) await hears(backend, sandbox);
    }
    assert(stand < 30_000_000 && !isDone, `${stand} bytes were taken`);
    let got = 0;
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      got += value.length;
    }
    assert(got > total - 10_000_000, `${got}`);
    await engine.when("the end", () => isDone);
    assertEquals((await process.status).exitCode, 0);
  });
});
