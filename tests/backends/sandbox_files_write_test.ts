import { assert, assertEquals, assertRejects } from "@std/assert";
import { type FilesFixture, testEach } from "./_host_runner.ts";
import { rejectsWith } from "./_rejects_with.ts";

/** What is in a folder of the double, names alone, however deep. */
function tree(folder: string, prefix = ""): string[] {
  return Array.from(Deno.readDirSync(folder))
    .sort((a, b) => a.name < b.name ? -1 : 1)
    .flatMap(({ name, isDirectory }) =>
      isDirectory
        ? [
          `${prefix}${name}/`,
          ...tree(`${folder}/${name}`, `${prefix}${name}/`),
        ]
        : [prefix + name]
    );
}

/** Bytes in pieces of all sizes, empty ones included. */
function pieces(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      let size = 0;
      for (let at = 0; at < bytes.length; at += size++) {
        controller.enqueue(bytes.slice(at, at + size));
      }
      controller.close();
    },
  });
}

/** A stream that brings some bytes, and then waits for ever. */
function stalling(bytes = new Uint8Array(1000)) {
  const cancelled = Promise.withResolvers<unknown>();
  const waits = Promise.withResolvers<void>();
  let sent = false;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (!sent) {
        sent = true;
        controller.enqueue(bytes);
        return;
      }
      waits.resolve();
      return new Promise(() => {});
    },
    cancel: cancelled.resolve,
  }, { highWaterMark: 0 });
  return { stream, waits: waits.promise, cancelled: cancelled.promise };
}

testEach(
  "SandboxFiles writes bytes, text and streams",
  async ({ files, home }) => {
    const bytes = crypto.getRandomValues(new Uint8Array(60_000));
    await files.write(`${home}/bytes`, bytes);
    assertEquals(await files.read(`${home}/bytes`), bytes);
    await files.write(`${home}/part`, bytes.subarray(10, 20));
    assertEquals(await files.read(`${home}/part`), bytes.slice(10, 20));
    await files.write(`${home}/stream`, pieces(bytes));
    assertEquals(await files.read(`${home}/stream`), bytes);
    await files.write(`${home}/text`, "é\n");
    assertEquals(await files.readText(`${home}/text`), "é\n");
    await files.write(`${home}/empty`, pieces(new Uint8Array()));
    assertEquals((await files.stat(`${home}/empty`)).size, 0);
    assertEquals(tree(home), ["bytes", "empty", "part", "stream", "text"]);
  },
);

testEach(
  "SandboxFiles writes with the mode that is asked for, or else keeps it",
  async ({ files, home }) => {
    const path = `${home}/file`;
    const mode = async () => (await files.stat(path)).mode;
    await files.write(path, "x");
    assertEquals(await mode(), 0o644);
    await files.write(path, "x", { mode: 0o751 });
    assertEquals(await mode(), 0o751);
    await files.write(path, "x");
    assertEquals(await mode(), 0o751);
    // Nobody asked that what is written now run as someone else.
    await Deno.chmod(path, 0o4755);
    await files.write(path, pieces(new Uint8Array(9)));
    assertEquals(await mode(), 0o755);
    await files.write(path, "x", { mode: 0 });
    assertEquals(await mode(), 0);
    await files.write(path, "x");
    assertEquals(await mode(), 0);
  },
);

testEach(
  "SandboxFiles replaces a file at once, and those who read it keep the old one",
  async ({ files, home }) => {
    const path = `${home}/file`;
    await files.write(path, "old");
    using reader = await Deno.open(path);
    await files.write(path, "new");
    const old = new Uint8Array(3);
    await reader.read(old);
    assertEquals(new TextDecoder().decode(old), "old");
    assertEquals(await files.readText(path), "new");
  },
);

testEach(
  "SandboxFiles replaces a link, and writes nothing where it led",
  async ({ files, home }) => {
    await files.write(`${home}/target`, "old", { mode: 0o600 });
    await Deno.symlink("target", `${home}/link`);
    await files.write(`${home}/link`, "new");
    assertEquals(await files.readText(`${home}/target`), "old");
    const { type, mode } = await files.stat(`${home}/link`);
    assertEquals([type, mode], ["file", 0o644]);
    await files.makeFolder(`${home}/folder`);
    await Deno.symlink("folder", `${home}/link to folder`);
    await rejectsWith(
      files.write(`${home}/link to folder`, "x"),
      "file_failed",
      "Is a directory",
    );
    assertEquals(await files.list(`${home}/folder`), []);
  },
);

testEach(
  "SandboxFiles makes the folders of a file if that is asked for",
  async ({ files, home }) => {
    const deep = `${home}/one/two three/file`;
    await rejectsWith(files.write(deep, "x"), "file_not_found");
    assertEquals(tree(home), []);
    await files.write(deep, "x", { parents: true });
    await files.write(`${home}/one/other`, pieces(new Uint8Array(5)), {
      parents: true,
    });
    assertEquals(tree(home), [
      "one/",
      "one/other",
      "one/two three/",
      "one/two three/file",
    ]);
    assertEquals((await files.stat(`${home}/one`)).mode, 0o755);
    // A file where a folder should be.
    await rejectsWith(
      files.write(`${deep}/x/y`, "x", { parents: true }),
      "file_failed",
    );
    assertEquals(tree(home).length, 4);
  },
);

testEach(
  "SandboxFiles refuses content above maxBytes, and leaves nothing",
  async ({ files, home, runner }) => {
    const limit = { maxBytes: 100, parents: true };
    const path = `${home}/new/file`;
    await files.write(path, new Uint8Array(100), limit);
    await files.write(path, pieces(new Uint8Array(100)), limit);
    await files.remove(`${home}/new`, { recursive: true });
    const started = runner.started;
    await rejectsWith(
      files.write(path, "x".repeat(101), limit),
      "file_too_large",
    );
    await rejectsWith(
      files.write(path, "é".repeat(51), limit),
      "file_too_large",
    );
    assertEquals(runner.started, started);
    const cancelled = Promise.withResolvers<unknown>();
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(30)),
      cancel: cancelled.resolve,
    });
    const error = await rejectsWith(
      files.write(path, endless, limit),
      "file_too_large",
      "more than 100 bytes",
    );
    assertEquals(await cancelled.promise, error);
    assertEquals(tree(home), []);
  },
);

testEach(
  "SandboxFiles leaves nothing when a stream fails, and passes its error on",
  async ({ files, home }) => {
    await files.write(`${home}/file`, "old");
    const failure = new Error("source");
    const failing = () =>
      new ReadableStream<Uint8Array>({
        pull(controller) {
          controller.enqueue(new Uint8Array(10));
          controller.error(failure);
        },
      });
    for (const path of [`${home}/file`, `${home}/a/b`]) {
      const error = await assertRejects(() =>
        files.write(path, failing(), { parents: true })
      );
      assertEquals(error, failure);
    }
    const wrong = ReadableStream.from(["text" as unknown as Uint8Array]);
    await assertRejects(() => files.write(`${home}/file`, wrong), TypeError);
    assertEquals(tree(home), ["file"]);
    assertEquals(await files.readText(`${home}/file`), "old");
  },
);

testEach(
  "SandboxFiles does not touch a stream that is locked",
  async ({ files, home, runner }) => {
    const locked = pieces(new Uint8Array(5));
    locked.getReader();
    await assertRejects(() => files.write(`${home}/file`, locked), TypeError);
    await assertRejects(() => files.upload(home, locked), TypeError);
    assertEquals(runner.started, 0);
  },
);

/** Aborts a write of a stream when all that it brings is on its way. */
async function abortStalled({ files, home }: FilesFixture): Promise<void> {
  await files.write(`${home}/file`, "old");
  for (const path of [`${home}/file`, `${home}/a/b`]) {
    const { stream, waits, cancelled } = stalling();
    const controller = new AbortController();
    const { signal } = controller;
    const write = files.write(path, stream, { signal, parents: true });
    await waits;
    const reason = new Error("enough");
    controller.abort(reason);
    assertEquals(await assertRejects(() => write), reason);
    await cancelled;
  }
  assertEquals(tree(home), ["file"]);
  assertEquals(await files.readText(`${home}/file`), "old");
}

testEach(
  "SandboxFiles leaves nothing when it is aborted, though the source does not end",
  abortStalled,
);

testEach(
  "SandboxFiles takes no broken connection for the end of a file",
  abortStalled,
  { eofBeforeKill: true },
);

testEach(
  "SandboxFiles writes bytes whole or not at all, though the connection breaks",
  async ({ files, home }) => {
    await files.write(`${home}/file`, "old");
    await rejectsWith(
      files.write(`${home}/file`, "all of this"),
      "file_failed",
      "not all of it came",
    );
    assertEquals(await files.readText(`${home}/file`), "old");
    assertEquals(tree(home), ["file"]);
  },
  {
    // The script gets the first three bytes of what it is sent.
    onStart: (argv) =>
      argv.includes("11")
        ? [
          "sh",
          "-c",
          'dd bs=1 count=3 2>/dev/null | sh -c "$@"',
          ...argv.slice(1),
        ]
        : undefined,
  },
);

testEach(
  "SandboxFiles leaves nothing when there is no room",
  async ({ files, home }) => {
    const path = `${home}/a/file`;
    for (
      const data of [new Uint8Array(20_000), pieces(new Uint8Array(20_000))]
    ) {
      await rejectsWith(
        files.write(path, data, { parents: true }),
        "file_failed",
        "File too large",
      );
    }
    assertEquals(tree(home), []);
  },
  {
    // As on a full disk, a program cannot write more.
    onStart: ([sh, c, script, ...args]) => [
      sh!,
      c!,
      `trap '' XFSZ; ulimit -f 1; ${script}`,
      ...args,
    ],
  },
);

testEach(
  "SandboxFiles tells of a program that stops reading",
  async ({ files, home }) => {
    const { stream, cancelled } = stalling(new Uint8Array(1_000_000));
    await rejectsWith(
      files.write(`${home}/file`, stream),
      "file_failed",
      "stopped reading",
    );
    await cancelled;
    assertEquals(tree(home), []);
  },
  {
    onStart: (argv) =>
      argv.some((arg) => arg.includes("set -C")) ? ["sh", "-c", ":"] : argv,
  },
);

testEach("SandboxFiles writes many files at once", async ({ files, home }) => {
  const names = Array.from({ length: 20 }, (_, n) => `${n}`.padStart(2, "0"));
  await Promise.all(
    names.map((name) =>
      files.write(`${home}/a/b/${name}`, pieces(new Uint8Array(200)), {
        parents: true,
      })
    ),
  );
  const found = await files.list(`${home}/a/b`);
  assertEquals(found.map(({ name }) => name), names);
  // And one file many times: one of them wins, whole.
  await Promise.all(names.map((name) => files.write(`${home}/same`, name)));
  assert(names.includes(await files.readText(`${home}/same`)));
  assertEquals((await files.list(home)).length, 2);
});
