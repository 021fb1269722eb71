import { Buffer } from "node:buffer";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { BackendError, type BackendErrorCode } from "../../backends/mod.ts";
import type { SandboxFiles } from "../../backends/sandbox_files.ts";
import { connect } from "../../backends/local_docker/connect.ts";
import { findEngine } from "../../backends/local_docker/engine_address.ts";
import { exists, readEnv } from "../../backends/local_docker/environment.ts";
import { archive, file, symlink } from "../backends/files/_archives.ts";
import { rejectsWith } from "../backends/_rejects_with.ts";
import { snapshot } from "../backends/files/_snapshot.ts";
import { dockerTest, engine, eventually, TestBackend } from "./_engine.ts";
import { IMAGES } from "./_images.ts";

/** Gives an archive to the engine to extract, and tells what it says. */
async function putArchive(
  id: string,
  path: string,
  tar: ReadableStream<Uint8Array>,
): Promise<string> {
  const client = await connect(
    await findEngine({ env: readEnv, exists, os: Deno.build.os }),
  );
  const body = await new Response(tar).bytes();
  return await new Promise((resolve) =>
    client.modem.dial({
      method: "PUT",
      // The modem cuts one character off what ends in a query.
      path: `/containers/${id}/archive?path=${path}&`,
      file: Buffer.from(body),
      statusCodes: { 200: true },
    }, (error) => resolve(`${error}`))
  );
}

/** Runs a test on the files of a hardened sandbox, with a folder of the host. */
async function withFiles(
  test: (fixture: {
    files: SandboxFiles;
    host: string;
    backend: TestBackend;
    id: string;
    sh: (script: string) => Promise<string>;
  }) => Promise<void>,
): Promise<void> {
  const host = await Deno.realPath(await Deno.makeTempDir());
  try {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({ image: IMAGES.busybox });
    const files = backend.files(sandbox);
    const sh = async (script: string) => {
      const { stdout } = await backend.run(sandbox, ["sh", "-c", script]);
      return new TextDecoder().decode(stdout);
    };
    await test({ files, host, backend, id: sandbox.id, sh });
  } finally {
    await Deno.remove(host, { recursive: true });
  }
}

dockerTest(
  "lesson 33: SandboxFiles works in memory and under a read-only root, where the archive API does not",
  () =>
    withFiles(async ({ files, host, id }) => {
      // The engine's own way in and out neither sees the folder in memory, …
      const lookAt = (path: string) =>
        engine.json({
          method: "GET",
          path: `/containers/${id}/archive`,
          query: { path },
          what: "read an archive",
        });
      assertEquals((await files.stat("/tmp")).mode, 0o1777);
      await files.write("/tmp/a/file", "content", { parents: true });
      await assertRejects(() => lookAt("/tmp/a/file"), BackendError);
      // … nor writes where the image's files cannot be written to.
      const refused = await putArchive(id, "/tmp", archive(file("x", "y")));
      // It may say so, and close, before the archive is on its way.
      assert(/read-only|EPIPE/.test(refused), refused);
      await rejectsWith(files.stat("/tmp/x"), "file_not_found");
      assertEquals(await files.readText("/tmp/a/file"), "content");
      const { name, type, size, mode, uid } = await files.stat("/tmp/a/file");
      assertEquals([name, type, size, mode], ["file", "file", 7, 0o644]);
      assert(uid !== 0);
      const listed = await files.list("/tmp/a");
      assertEquals(listed.map((info) => info.name), ["file"]);
      await files.upload("/tmp/b", archive(file("x", "y")), { parents: true });
      await files.makeFolder("/tmp/c");
      await files.downloadTo("/tmp", `${host}/out`);
      assertEquals(await snapshot(`${host}/out`), {
        "a/": "",
        "a/file": "content",
        "b/": "",
        "b/x": "y",
        "c/": "",
      });
      await files.remove("/tmp/a", { recursive: true });
      await rejectsWith(files.stat("/tmp/a"), "file_not_found");
    }),
);

dockerTest(
  "SandboxFiles says what the sandbox's guards forbid, and leaves nothing",
  () =>
    withFiles(async ({ files, host }) => {
      const failed: [string, () => Promise<unknown>][] = [
        ["Read-only", () => files.write("/file", "x")],
        ["Read-only", () => files.write("/etc/passwd", "x")],
        ["Read-only", () => files.makeFolder("/folder")],
        ["Read-only", () => files.write("/a/b", "x", { parents: true })],
        ["Read-only", () => files.remove("/etc/passwd")],
        ["Read-only", () => files.upload("/etc", archive(file("x", "y")))],
        ["Permission denied", () => files.read("/proc/1/environ")],
        ["Permission denied", () => files.list("/proc/1/fd")],
        [
          "denied",
          () => files.downloadTo("/proc/1", host, { maxBytes: 10_000_000 }),
        ],
      ];
      for (const [words, call] of failed) {
        await rejectsWith(call(), "file_failed", words);
      }
      assertEquals(await files.list("/tmp"), []);
      assertEquals(await snapshot(host), {});
    }),
);

dockerTest(
  "SandboxFiles leaves nothing in the sandbox when a full disk, a bound or a signal ends a write",
  () =>
    withFiles(async ({ files, backend }) => {
      await using sandbox = await backend.launch({
        image: IMAGES.busybox,
        tmpfs: { "/tmp": "size=1m,mode=1777" },
      });
      const small = backend.files(sandbox);
      const two = new Uint8Array(2 * 1024 * 1024);
      for (const data of [two, ReadableStream.from([two])]) {
        await rejectsWith(
          small.write("/tmp/a/file", data, { parents: true }),
          "file_failed",
          "No space left",
        );
      }
      assertEquals(await small.list("/tmp"), []);
      const controller = new AbortController();
      const started = Promise.withResolvers<void>();
      const endless = new ReadableStream<Uint8Array>({
        pull(controller) {
          controller.enqueue(new Uint8Array(10_000));
          started.resolve();
        },
      });
      await rejectsWith(
        files.write("/tmp/file", endless, { maxBytes: 1_000_000 }),
        "file_too_large",
      );
      const stalled = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(new Uint8Array(10_000)),
      });
      const { signal } = controller;
      const write = files.write("/tmp/file", stalled, { signal });
      await eventually(
        "a file beside its place",
        async () => (await files.list("/tmp")).some(({ size }) => size > 0),
      );
      controller.abort("enough");
      assertEquals(await write.catch((error) => error), "enough");
      assertEquals(await files.list("/tmp"), []);
    }),
);

dockerTest(
  "SandboxFiles carries bytes and names of any kind through the engine",
  () =>
    withFiles(async ({ files, host, sh }) => {
      const bytes = crypto.getRandomValues(new Uint8Array(60_000));
      const names = [
        "-x",
        "a\nb\n",
        " '\"$(x)",
        "日本",
        "caf\udce9\n",
        "\udc80",
      ];
      for (const name of names) {
        await files.write(`/tmp/d/${name}`, bytes, {
          parents: true,
        });
      }
      const listed = await files.list("/tmp/d");
      assertEquals(listed.map(({ name }) => name), [...names].sort());
      for (const name of names) {
        assertEquals(await files.read(`/tmp/d/${name}`), bytes);
      }
      assertEquals(await sh("cat /tmp/d/-x | wc -c"), "60000\n");
      const { skipped } = await files.downloadTo("/tmp/d", `${host}/out`);
      assertEquals(skipped.length, 2);
      await files.upload("/tmp/copy", files.download("/tmp/d"), {
        parents: true,
      });
      assertEquals(await sh("cd /tmp; for f in d/*; do cmp $f copy; done"), "");
      const copied = await files.list("/tmp/copy");
      assertEquals(copied.map(({ name }) => name), [...names].sort());
    }),
);

dockerTest(
  "SandboxFiles carries trees both ways, and follows no link on the host",
  () =>
    withFiles(async ({ files, host, sh }) => {
      await Deno.mkdir(`${host}/in/sub/${"long ".repeat(40)}`, {
        recursive: true,
      });
      await Deno.writeTextFile(`${host}/in/run`, "#!/bin/sh\necho ran\n");
      await Deno.chmod(`${host}/in/run`, 0o755);
      await Deno.writeFile(`${host}/in/sub/big`, new Uint8Array(3_000_000));
      await Deno.symlink("../run", `${host}/in/sub/link`);
      await files.uploadFrom(`${host}/in`, "/tmp/w", { parents: true });
      assertEquals(await sh("/tmp/w/sub/link"), "ran\n");
      await Deno.writeTextFile(`${host}/secret`, "secret");
      await sh("ln -s /etc /tmp/w/etc; ln -s ../../../secret /tmp/w/sub/s");
      const { skipped } = await files.downloadTo("/tmp/w", `${host}/out`);
      assertEquals(skipped.map(({ path }) => path).sort(), ["etc", "sub/s"]);
      assertEquals(await snapshot(`${host}/out`), await snapshot(`${host}/in`));
    }),
);

dockerTest(
  "SandboxFiles ends in the sandbox what it ends here",
  () =>
    withFiles(async ({ files, sh }) => {
      await sh("cd /tmp; dd if=/dev/zero of=big bs=1M count=64 2>/dev/null");
      const running = async () => await sh("pidof tar cat");
      await rejectsWith(
        files.read("/tmp/big", { maxBytes: 1_000_000 }),
        "file_too_large",
      );
      const reader = files.download("/tmp").getReader();
      await reader.read();
      assert((await running()) !== "");
      await reader.cancel();
      await rejectsWith(
        new Response(files.download("/tmp", { maxBytes: 1_000_000 })).bytes(),
        "file_too_large",
      );
      const controller = new AbortController();
      const tar = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(file("a", "x")),
      });
      const { signal } = controller;
      const upload = files.upload("/tmp", tar, { signal });
      await eventually("tar", async () => (await running()) !== "");
      controller.abort("enough");
      assertEquals(await upload.catch((error) => error), "enough");
      assertEquals(await running(), "");
    }),
);

dockerTest(
  "SandboxFiles says unsupported in images that lack what it needs",
  async () => {
    await using backend = new TestBackend();
    const cases = [
      [IMAGES.dashOnly, "cat", "stat"],
      [IMAGES.noShell, "sh", "sh"],
    ] as const;
    for (const [image, forRead, forStat] of cases) {
      const command = ["sleep", "100000"];
      await using sandbox = await backend.launch(
        image === IMAGES.noShell ? { image, command } : { image },
      );
      const files = backend.files(sandbox);
      const lacks = (call: Promise<unknown>, program: string) =>
        rejectsWith(call, "unsupported", `no program "${program}"`);
      await lacks(files.read("/tmp/x"), forRead);
      await lacks(files.write("/tmp/x", "x"), forRead);
      await lacks(files.stat("/tmp/x"), forStat);
    }
  },
);

dockerTest("SandboxFiles says sandbox_gone once it is", async () => {
  await using backend = new TestBackend();
  const sandbox = await backend.launch({ image: IMAGES.busybox });
  const files = backend.files(sandbox);
  const stream = files.download("/tmp");
  await backend.destroy(sandbox);
  const gone: BackendErrorCode = "sandbox_gone";
  await rejectsWith(files.read("/tmp/x"), gone);
  await rejectsWith(files.write("/tmp/x", "x"), gone);
  await rejectsWith(files.write("/tmp/x", ReadableStream.from([])), gone);
  await rejectsWith(files.list("/tmp"), gone);
  await rejectsWith(new Response(stream).bytes(), gone);
});

dockerTest(
  "lesson 34: SandboxFiles follows no link that a sandbox has made out of the host's folder",
  () =>
    withFiles(async ({ files, host, sh }) => {
      const outside = `${host}/outside`;
      await Deno.mkdir(outside);
      await Deno.writeTextFile(`${outside}/kept`, "kept");
      await sh(`mkdir /tmp/a && cd /tmp/a && ln -s ${outside} abs &&
        ln -s ../../outside up && ln -s /etc/passwd passwd && echo x > file`);
      const { skipped } = await files.downloadTo("/tmp/a", `${host}/a`);
      assertEquals(skipped.length, 3);
      assertEquals(await snapshot(`${host}/a`), { file: "x\n" });
    }),
);

dockerTest(
  "lesson 34: SandboxFiles trusts no archive, whatever program the sandbox took for tar",
  async () => {
    const host = await Deno.realPath(await Deno.makeTempDir());
    try {
      const outside = `${host}/outside`;
      await Deno.mkdir(outside);
      await using backend = new TestBackend();
      await using sandbox = await backend.launch({
        image: IMAGES.dashTools,
        env: { PATH: "/tmp/bin:/bin" },
      });
      const files = backend.files(sandbox);
      await files.write("/tmp/bin/tar", "#!/bin/sh\ncat /tmp/hostile.tar\n", {
        parents: true,
        mode: 0o755,
      });
      const hostile = [
        archive(symlink("a", outside), file("a/evil", "evil")),
        archive(file(`${outside}/evil`, "evil")),
        archive(file("../outside/evil", "evil")),
      ];
      for (const tar of hostile) {
        await files.write("/tmp/hostile.tar", tar);
        await rejectsWith(
          files.downloadTo("/tmp/bin", `${host}/to`),
          "file_refused",
        );
        assertEquals(await snapshot(outside), {});
      }
    } finally {
      await Deno.remove(host, { recursive: true });
    }
  },
);
