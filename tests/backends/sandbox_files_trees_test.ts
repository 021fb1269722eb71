import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { archive, file, folder } from "./files/_archives.ts";
import {
  type FilesFixture,
  SYSTEM,
  testEach,
  withFiles,
} from "./_host_runner.ts";
import { rejectsWith } from "./_rejects_with.ts";
import { snapshot } from "./files/_snapshot.ts";

const LONG = "long name ".repeat(12);

/** A tree with something of everything. */
async function plant(folder: string): Promise<void> {
  await Deno.mkdir(`${folder}/-sub folder/${LONG}`, { recursive: true });
  await Deno.mkdir(`${folder}/empty`);
  await Deno.writeTextFile(`${folder}/-file`, "x".repeat(1000));
  await Deno.writeTextFile(`${folder}/.hidden`, "");
  await Deno.writeTextFile(`${folder}/run`, "#!", { mode: 0o755 });
  await Deno.chmod(`${folder}/run`, 0o754);
  await Deno.writeTextFile(`${folder}/-sub folder/${LONG}/${LONG}`, "deep");
  await Deno.symlink(`-sub folder/${LONG}/${LONG}`, `${folder}/link`);
  await Deno.symlink("../-file", `${folder}/-sub folder/up`);
}

async function bytesOf(stream: ReadableStream<Uint8Array>): Promise<number> {
  return (await new Response(stream).bytes()).length;
}

testEach(
  "SandboxFiles carries a tree into the sandbox and out again",
  async ({ files, home, host }) => {
    await Deno.mkdir(`${host}/in`);
    await plant(`${host}/in`);
    const sent = await files.uploadFrom(`${host}/in`, `${home}/a/b`, {
      parents: true,
    });
    const expected = {
      files: 4,
      folders: 3,
      links: 2,
      bytes: 1006,
      skipped: [],
    };
    assertEquals(sent, expected);
    const tree = await snapshot(`${host}/in`);
    assertEquals(await snapshot(`${home}/a/b`), tree);
    assertEquals((await files.stat(`${home}/a/b/run`)).mode, 0o754);
    const got = await files.downloadTo(`${home}/a/b`, `${host}/out`);
    assertEquals(got, expected);
    assertEquals(await snapshot(`${host}/out`), tree);
    const { mode, mtime } = await Deno.stat(`${host}/out/run`);
    await Deno.writeTextFile(`${host}/alike`, "", { mode: 0o754 });
    assertEquals(mode, (await Deno.stat(`${host}/alike`)).mode);
    const { mtime: before } = await Deno.stat(`${host}/in/run`);
    assertEquals(Math.floor(+mtime! / 1000), Math.floor(+before! / 1000));
  },
);

testEach(
  "SandboxFiles downloads what it can upload, without touching the folder itself",
  async ({ files, home }) => {
    await files.makeFolder(`${home}/from`, { mode: 0o700 });
    await plant(`${home}/from`);
    await files.makeFolder(`${home}/to`, { mode: 0o1777 & 0o777 });
    const { mode } = await files.stat(`${home}/to`);
    await files.upload(`${home}/to`, files.download(`${home}/from`));
    assertEquals(await snapshot(`${home}/to`), await snapshot(`${home}/from`));
    assertEquals((await files.stat(`${home}/to`)).mode, mode);
  },
);

testEach(
  "SandboxFiles downloads one file by its name",
  async ({ files, home, host }) => {
    await files.write(`${home}/-x`, "one");
    await files.write(`${home}/caf\udce9`, "two");
    await files.downloadTo(`${home}/-x`, host);
    assertEquals(await snapshot(host), { "-x": "one" });
    const { skipped } = await files.downloadTo(`${home}/caf\udce9`, host);
    assertEquals(skipped.map(({ path }) => path), ["./caf\udce9"]);
    await files.upload(`${home}/to`, files.download(`${home}/caf\udce9`), {
      parents: true,
    });
    assertEquals(await files.readText(`${home}/to/caf\udce9`), "two");
  },
);

testEach(
  "SandboxFiles keeps what is in a folder that it uploads to",
  async ({ files, home }) => {
    await files.write(`${home}/mine`, "mine");
    await files.write(`${home}/both`, "old");
    await files.upload(home, archive(file("both", "new"), file("theirs", "x")));
    assertEquals(await snapshot(home), {
      both: "new",
      mine: "mine",
      theirs: "x",
    });
  },
);

testEach(
  "SandboxFiles uploads in pieces of any size, with padding or without",
  async ({ files, home }) => {
    const whole = await new Response(archive(file("a", "x".repeat(2000))))
      .bytes();
    const padded = new Uint8Array(40_960);
    padded.set(whole);
    for (
      const [bytes, size] of [[whole, 1], [whole, 511], [padded, 4096]] as const
    ) {
      const pieces = function* () {
        for (let at = 0; at < bytes.length; at += size) {
          yield bytes.slice(at, at + size);
          yield new Uint8Array();
        }
      };
      await files.upload(home, ReadableStream.from(pieces()));
      assertEquals((await files.stat(`${home}/a`)).size, 2000);
      await files.remove(`${home}/a`);
    }
  },
);

testEach(
  "SandboxFiles reads a tree as it is read, and no further",
  async ({ files, home, runner }) => {
    const stream = files.download(home);
    assertEquals(runner.started, 0);
    using big = await Deno.open(`${home}/big`, { write: true, create: true });
    await big.truncate(200 * 1024 * 1024);
    const reader = stream.getReader();
    let read = 0;
    while (read < 1024 * 1024) read += (await reader.read()).value!.length;
    assertEquals(runner.running, 1);
    await reader.cancel();
    assertEquals(runner.running, 0);
  },
);

testEach(
  "SandboxFiles ends a download that is cancelled while it waits or starts",
  async ({ files, home, runner }) => {
    const waiting = files.download(home).getReader();
    const read = waiting.read();
    while (runner.started === 0) await new Promise((r) => setTimeout(r, 0));
    await waiting.cancel();
    assertEquals((await read).done, true);
    const starting = files.download(home).getReader();
    const first = starting.read();
    await starting.cancel();
    assertEquals((await first).done, true);
    await files.download(home).cancel();
    assertEquals(runner.running, 0);
  },
  { onStart: () => ["sleep", "1000"] },
);

testEach(
  "SandboxFiles bounds a download, and ends its program",
  async ({ files, home, host, runner }) => {
    await files.write(`${home}/file`, new Uint8Array(100_000));
    const length = await bytesOf(files.download(home));
    const options = { maxBytes: length + 512 };
    assertEquals(await bytesOf(files.download(home, options)), length);
    await rejectsWith(
      bytesOf(files.download(home, { maxBytes: 99_999 })),
      "file_too_large",
      "more than 99999 bytes",
    );
    await rejectsWith(
      files.downloadTo(home, host, { maxBytes: 99_999 }),
      "file_too_large",
    );
    await files.downloadTo(home, `${host}/all`, { maxBytes: 100_000 });
    await files.write(`${home}/other`, "");
    await rejectsWith(
      files.downloadTo(home, `${host}/few`, { maxEntries: 1 }),
      "file_too_large",
    );
    assertEquals(runner.running, 0);
    assertEquals(Array.from(Deno.readDirSync(host), ({ name }) => name), [
      "all",
    ]);
  },
);

testEach(
  "SandboxFiles bounds what it uploads",
  async ({ files, home, host }) => {
    await Deno.writeFile(`${host}/file`, new Uint8Array(100_000));
    await Deno.writeFile(`${host}/other`, new Uint8Array(1));
    for (const bound of [{ maxBytes: 100_000 }, { maxEntries: 1 }]) {
      await rejectsWith(files.uploadFrom(host, home, bound), "file_too_large");
    }
    await files.uploadFrom(host, home, { maxBytes: 100_001, maxEntries: 2 });
    const cancelled = Promise.withResolvers<unknown>();
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(file("a", "x")),
      cancel: cancelled.resolve,
    });
    const error = await rejectsWith(
      files.upload(home, endless, { maxBytes: 10_000 }),
      "file_too_large",
    );
    assertEquals(await cancelled.promise, error);
  },
);

testEach(
  "SandboxFiles fails at the end of a download that is not whole",
  async ({ files, home, host }) => {
    await files.write(`${home}/file`, "x");
    await rejectsWith(bytesOf(files.download(home)), "file_failed", "Sorry");
    await rejectsWith(files.downloadTo(home, host), "file_failed", "Sorry");
    assertEquals(await snapshot(host), {});
  },
  {
    // As tar does that could not read something.
    onStart: ([sh, c, script, ...args]) => [
      sh!,
      c!,
      `tar() { command tar "$@"; echo Sorry >&2; exit 1; }\n${
        script!.replaceAll("exec tar", "tar")
      }`,
      ...args,
    ],
  },
);

testEach(
  "SandboxFiles says what the sandbox's tar says of an archive",
  async ({ files, home }) => {
    const garbage = () => ReadableStream.from([new Uint8Array(2000).fill(65)]);
    await rejectsWith(files.upload(home, garbage()), "file_failed");
    const cut =
      (await new Response(archive(file("a", "x".repeat(5000)))).bytes())
        .slice(0, 2000);
    await rejectsWith(
      files.upload(home, ReadableStream.from([cut])),
      "file_failed",
    );
    await files.write(`${home}/in the way`, "x");
    const through = archive(folder("in the way"), file("in the way/x", "x"));
    // GNU's tar replaces the file by the folder, BusyBox's does not.
    await files.upload(home, through).catch((error) =>
      assertEquals(error.code, "file_failed")
    );
  },
);

testEach(
  "SandboxFiles passes on what an archive's stream fails with",
  async ({ files, home, runner }) => {
    const failure = new Error("source");
    const failing = ReadableStream.from((function* () {
      yield file("a", "x");
      throw failure;
    })());
    assertEquals(
      await assertRejects(() => files.upload(home, failing)),
      failure,
    );
    assertEquals(runner.running, 0);
  },
);

testEach(
  "SandboxFiles ends an upload that is aborted, though the source does not end",
  async ({ files, home, runner }) => {
    const cancelled = Promise.withResolvers<unknown>();
    const waits = Promise.withResolvers<void>();
    let sent = false;
    const source = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (!sent) controller.enqueue(file("a", "x"));
        else waits.resolve();
        return sent ? new Promise(() => {}) : void (sent = true);
      },
      cancel: cancelled.resolve,
    }, { highWaterMark: 0 });
    const controller = new AbortController();
    const upload = files.upload(home, source, { signal: controller.signal });
    await waits.promise;
    controller.abort("enough");
    assertEquals(await upload.catch((error) => error), "enough");
    await cancelled.promise;
    assertEquals(runner.running, 0);
  },
);

testEach(
  "SandboxFiles leaves no file open, and nothing behind, when trees are called off",
  async (fixture) => {
    const { files, home, host } = fixture;
    await Deno.writeFile(`${host}/file`, new Uint8Array(3_000_000));
    await files.uploadFrom(host, home);
    for (const delay of [0, 1, 2, 3, 5, 8]) {
      for (
        const call of [
          (signal: AbortSignal) => files.uploadFrom(host, home, { signal }),
          (signal: AbortSignal) =>
            files.downloadTo(home, `${host}/x`, { signal }),
        ]
      ) {
        const controller = new AbortController();
        const ends = call(controller.signal).then(
          () => "done",
          (error) => error,
        );
        // However far it comes until then.
        for (let n = 0; n < delay; n++) {
          await new Promise((r) => setTimeout(r, 1));
        }
        controller.abort("enough");
        if (await ends === "done") {
          await Deno.remove(`${host}/x`, { recursive: true }).catch(() => {});
        } else assertEquals(await ends, "enough");
        assertEquals(Object.keys(await snapshot(host)), ["file"]);
      }
    }
  },
);

testEach(
  "SandboxFiles says what is wrong with a folder of the host",
  async ({ files, home, host }) => {
    await rejectsWith(
      files.uploadFrom(`${host}/nowhere`, home),
      "file_failed",
      "on the host",
    );
    await Deno.writeTextFile(`${host}/file`, "x");
    await rejectsWith(files.uploadFrom(`${host}/file`, home), "file_failed");
    await rejectsWith(files.downloadTo(home, `${host}/file`), "file_failed");
  },
);

testEach(
  "SandboxFiles leaves out of an upload what is no file, folder or link",
  async ({ files, home, host, bin }) => {
    await new Deno.Command(`${bin}/mkfifo`, { args: [`${host}/pipe`] })
      .output();
    await Deno.symlink("/etc/passwd", `${host}/link`);
    const { skipped, links } = await files.uploadFrom(host, home);
    assertEquals(skipped, [{
      path: "pipe",
      reason: "no file, folder or link",
    }]);
    assertEquals(links, 1);
    assertEquals(await snapshot(home), { link: "-> /etc/passwd" });
  },
);

testEach(
  "lesson 34: a sandbox's tree leads nowhere on the host",
  async ({ files, home, host }) => {
    await Deno.writeTextFile(`${host}/secret`, "secret");
    await Deno.mkdir(`${home}/sub`);
    await Deno.symlink(`${host}/secret`, `${home}/absolute`);
    await Deno.symlink("../../secret", `${home}/sub/relative`);
    await Deno.symlink("/", `${home}/sub/root`);
    await Deno.writeTextFile(`${home}/sub/file`, "x");
    await Deno.link(`${home}/sub/file`, `${home}/sub/second`);
    const { skipped } = await files.downloadTo(home, `${host}/out`);
    assertEquals(skipped.map(({ path }) => path).sort(), [
      "absolute",
      "sub/relative",
      "sub/root",
    ]);
    assertEquals(await snapshot(`${host}/out`), {
      "sub/": "",
      "sub/file": "x",
      "sub/second": "x",
    });
  },
);

/** Names of files that may be stored on a host: no slash, no NUL, UTF-8. */
const NAME = fc.string({ unit: "binary", minLength: 1, maxLength: 40 })
  .map((name) => name.replaceAll(/[/\0]/g, "_"))
  .filter((name) => ![".", ".."].includes(name));

const { tree: TREE } = fc.letrec<{ tree: Tree; node: Tree | Uint8Array }>(
  (tie) => ({
    tree: fc.dictionary(NAME, tie("node"), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
    node: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.uint8Array({ maxLength: 1500 }),
      tie("tree"),
    ),
  }),
);

interface Tree {
  [name: string]: Tree | Uint8Array;
}

async function plantTree(folder: string, tree: Tree): Promise<void> {
  await Deno.mkdir(folder);
  for (const [name, node] of Object.entries(tree)) {
    if (node instanceof Uint8Array) {
      await Deno.writeFile(`${folder}/${name}`, node);
    } else await plantTree(`${folder}/${name}`, node);
  }
}

async function readTree(folder: string): Promise<Tree> {
  const tree: Tree = {};
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    const node = isDirectory ? await readTree(path) : await Deno.readFile(path);
    // The one name that an object takes for something else.
    Object.defineProperty(tree, name, {
      value: node,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return tree;
}

async function comesBack({ files, home, host }: FilesFixture): Promise<void> {
  let n = 0;
  await fc.assert(
    fc.asyncProperty(TREE, async (tree) => {
      n++;
      await plantTree(`${host}/in${n}`, tree);
      await files.uploadFrom(`${host}/in${n}`, `${home}/${n}`, {
        parents: true,
      });
      await files.downloadTo(`${home}/${n}`, `${host}/out${n}`);
      assertEquals(await readTree(`${host}/out${n}`), tree);
    }),
    { numRuns: 25 },
  );
}

testEach("SandboxFiles brings any tree back as it was", comesBack);

Deno.test({
  name:
    "SandboxFiles makes no links where it has no permission to, and says so",
  ignore: SYSTEM.missing !== undefined,
  fn: () =>
    withFiles(SYSTEM, async ({ host }) => {
      const root = new URL("../../", import.meta.url);
      const script = `
        import { extractTar } from "${root}backends/files/tar_extract.ts";
        import { archive, file, symlink } from "${root}tests/backends/files/_archives.ts";
        const source = archive(file("file", "x"), symlink("link", "file"));
        const report = await extractTar(source, "${host}", {
          maxBytes: 9, maxEntries: 9,
        });
        console.log(JSON.stringify(report.skipped));`;
      await Deno.writeTextFile(`${host}/../script.ts`, script);
      const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "--quiet",
          "--no-prompt",
          "--no-check",
          `--allow-read=${host}`,
          `--allow-write=${host}`,
          `${host}/../script.ts`,
        ],
        cwd: root,
      }).output();
      const [said, wrong] = [stdout, stderr].map((bytes) =>
        new TextDecoder().decode(bytes)
      );
      assert(said!.includes("no permission"), `${said}${wrong}`);
      assertEquals(await snapshot(host), { file: "x" });
    }),
});
