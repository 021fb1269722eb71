import { assertEquals } from "@std/assert";
import { connect } from "../../backends/local_docker/connect.ts";
import { findEngine } from "../../backends/local_docker/engine_address.ts";
import { exists, readEnv } from "../../backends/local_docker/environment.ts";
import { certPath, TlsFront } from "../fixtures/tls/tls_front.ts";
import {
  dockerTest,
  eventually,
  GOING_MS,
  TestBackend,
  text,
} from "./_engine.ts";
import { seeHeldBack } from "./_hold_back.ts";
import { IMAGES } from "./_images.ts";

const IMAGE = IMAGES.busybox;

/** A backend that gets to the engine by way of a server with TLS. */
async function behindTls(
  test: (backend: TestBackend, front: TlsFront) => Promise<void>,
): Promise<void> {
  const found = await findEngine({ env: readEnv, exists, os: Deno.build.os });
  // An engine that is not at a socket has been reached otherwise by all the tests.
  if (found.kind !== "unix") return;
  await using front = new TlsFront(found.path);
  const docker = await connect({
    kind: "tcp",
    host: "localhost",
    port: front.port,
    tls: { certPath: certPath("client") },
    foundBy: "a test",
  });
  await using backend = new TestBackend({ docker });
  await test(backend, front);
}

dockerTest(
  "LocalDockerBackend runs programs behind TLS, and sees their inputs end",
  () =>
    behindTls(async (backend) => {
      await using sandbox = await backend.launch({ image: IMAGE });
      assertEquals((await backend.posture(sandbox)).problems, []);
      const megabytes = new Uint8Array(6_000_000).fill(7);
      const { stdout, exitCode } = await backend.run(sandbox, ["cat"], {
        stdin: megabytes,
      });
      assertEquals([exitCode, stdout.length], [0, megabytes.length]);
      // One that reads little of it is no failure.
      const short = await backend.run(sandbox, ["head", "-c", "3"], {
        stdin: "abcdef",
      });
      assertEquals([short.exitCode, text(short.stdout)], [0, "abc"]);
      const script = "setsid sleep 1000 & echo on; sleep 1000";
      const ended = await backend.run(sandbox, ["sh", "-c", script], {
        timeoutMs: GOING_MS,
      });
      assertEquals(
        [ended.outcome, ended.cleanup, text(ended.stdout)],
        ["timeout", "verified", "on\n"],
      );
      await using shell = await backend.shell(sandbox);
      await shell.run(["cd", "/tmp"]);
      assertEquals(text((await shell.run(["pwd"])).stdout), "/tmp\n");
      await backend.files(sandbox).write("/tmp/a", "content");
      assertEquals(await backend.files(sandbox).readText("/tmp/a"), "content");
    }),
);

dockerTest(
  "LocalDockerBackend.spawn holds a program back behind TLS when nobody reads",
  () =>
    behindTls(async (backend) => {
      await using sandbox = await backend.launch({ image: IMAGE });
      await using process = await seeHeldBack(backend, sandbox);
      assertEquals((await process.kill()).outcome, "aborted");
    }),
);

dockerTest(
  "LocalDockerBackend's sandboxes end when their TLS connection is cut",
  () =>
    behindTls(async (backend, front) => {
      const sandbox = await backend.launch({ image: IMAGE });
      const process = await backend.spawn(sandbox, [
        "sh",
        "-c",
        "echo on; sleep 1000",
      ]);
      assertEquals(
        text((await process.stdout.getReader().read()).value!),
        "on\n",
      );
      front.cut();
      assertEquals((await process.status).outcome, "sandbox_gone");
      await eventually(
        "its removal",
        async () => await backend.containers() === 0,
      );
    }),
);
