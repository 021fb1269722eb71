import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { SandboxFileInfo } from "../../backends/sandbox_files.ts";
import {
  type FilesFixture,
  SYSTEM,
  testEach,
  withFiles,
} from "./_host_runner.ts";
import { rejectsWith } from "./_rejects_with.ts";

/** The bytes that a lone surrogate of a name stands for, on disk. */
const LATIN = "caf\udce9";

/** Names that break what reads lists by line, by word or by pattern. */
const NAMES = [
  " ",
  "-rf",
  "--",
  ".hidden",
  "..dots",
  "...",
  "*",
  "[a]",
  "'\"",
  "$(exit 1)`exit 1`",
  "back\\slash",
  "a\nb",
  "ends\n",
  "\n",
  "/81a4 1 1 0 0 x".slice(1),
  "tab\tbell\u0007",
  "é",
  "日本語",
  "\ufeffmark",
  "🙂",
  LATIN,
  "\udc80\udcff",
  `${LATIN}\n`,
];

/** Lets what is under way go on. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

function namesOf(infos: readonly SandboxFileInfo[]): string[] {
  return infos.map(({ name }) => name);
}

testEach(
  "SandboxFiles reads, tells, lists and removes names of any bytes",
  async ({ files, home }) => {
    for (const name of NAMES) {
      await files.write(`${home}/${name}`, `content of ${name}`);
    }
    assertEquals(namesOf(await files.list(home)), [...NAMES].sort());
    for (const name of NAMES) {
      const path = `${home}/${name}`;
      const expected = new TextEncoder().encode(`content of ${name}`);
      assertEquals(await files.read(path), expected, name);
      assertEquals((await files.stat(path)).name, name);
      await files.remove(path);
    }
    assertEquals(await files.list(home), []);
  },
);

testEach(
  "SandboxFiles stores names as the bytes that they stand for",
  async ({ files, home, bin }) => {
    await files.write(`${home}/${LATIN}`, "x");
    // As the shell has it, which knows bytes alone.
    const script = `cd '${home}'; f=$(printf 'caf\\351'); cat "$f"`;
    const { stdout } = await new Deno.Command(`${bin}/sh`, {
      args: ["-c", script],
    }).output();
    assertEquals(new TextDecoder().decode(stdout), "x");
  },
);

testEach(
  "SandboxFiles tells what is at a path, and of a link that it is one",
  async ({ files, home }) => {
    const at = new Date("2001-02-03T04:05:06Z");
    await files.write(`${home}/file`, "12345", { mode: 0o640 });
    await Deno.utime(`${home}/file`, at, at);
    await Deno.mkdir(`${home}/folder`);
    await Deno.symlink("no where\n", `${home}/link`);
    const file = await files.stat(`${home}/file`);
    const { uid, gid } = await Deno.stat(`${home}/file`);
    assertEquals(file, {
      name: "file",
      type: "file",
      size: 5,
      mode: 0o640,
      mtime: at,
      uid: uid!,
      gid: gid!,
    });
    assertEquals((await files.stat(`${home}/folder/`)).type, "directory");
    const link = await files.stat(`${home}/link`);
    assertEquals(link.type, "symlink");
    assertEquals(link.linkTarget, "no where\n");
    const root = await files.stat("/");
    assertEquals([root.name, root.type], ["/", "directory"]);
    const types = (await files.list(home)).map((
      { name, type },
    ) => [name, type]);
    assertEquals(types, [
      ["file", "file"],
      ["folder", "directory"],
      ["link", "symlink"],
    ]);
  },
);

testEach(
  "SandboxFiles lists more entries than fit into a program's arguments",
  async ({ files, home }) => {
    const name = (n: number) => `${n}`.padStart(250, "0");
    // A program is started with two million bytes of arguments at most.
    const count = 9000;
    for (let n = 0; n < count; n++) {
      Deno.writeTextFileSync(`${home}/${name(n)}`, "");
    }
    const found = await files.list(home, { limit: count });
    assertEquals(
      namesOf(found),
      Array.from({ length: count }, (_, n) => name(n)),
    );
    const error = await rejectsWith(
      files.list(home, { limit: count - 1 }),
      "file_too_large",
    );
    assert(error.message.includes("more than 8999 entries"), error.message);
  },
);

testEach(
  "SandboxFiles says file_not_found for what is not there",
  async ({ files, home }) => {
    const nowhere = `${home}/nowhere`;
    await Deno.symlink("nowhere", `${home}/dangling`);
    for (
      const call of [
        () => files.read(nowhere),
        () => files.readText(`${nowhere}/deeper`),
        () => files.read(`${home}/dangling`),
        () => files.stat(nowhere),
        () => files.list(nowhere),
        () => files.write(`${nowhere}/file`, "x"),
        () => files.makeFolder(`${nowhere}/folder`),
        () => files.upload(nowhere, ReadableStream.from([])),
        () => new Response(files.download(nowhere)).bytes(),
      ]
    ) await rejectsWith(call(), "file_not_found", "No such file or directory");
  },
);

testEach(
  "SandboxFiles says file_failed in the system's words",
  async ({ files, home }) => {
    await files.write(`${home}/file`, "x");
    await files.makeFolder(`${home}/folder`);
    await files.write(`${home}/folder/file`, "x");
    const isFolder: [string, () => Promise<unknown>][] = [
      ["Is a directory", () => files.read(home)],
      ["Is a directory", () => files.write(`${home}/folder`, "x")],
      ["Not a directory", () => files.read(`${home}/file/x`)],
      ["Not a directory", () => files.list(`${home}/file`)],
      ["Not a directory", () => files.write(`${home}/file/x`, "x")],
      ["Not a directory", () => files.stat(`${home}/file/x`)],
      [
        "Not a directory",
        () => files.upload(`${home}/file`, ReadableStream.from([])),
      ],
      ["File exists", () => files.makeFolder(`${home}/folder`)],
      ["not empty", () => files.remove(`${home}/folder`)],
    ];
    for (const [words, call] of isFolder) {
      await rejectsWith(call(), "file_failed", words);
    }
  },
);

testEach(
  "SandboxFiles does not wait for a pipe, nor read a device",
  async ({ files, home, bin }) => {
    await new Deno.Command(`${bin}/mkfifo`, { args: [`${home}/pipe`] })
      .output();
    await rejectsWith(
      files.read(`${home}/pipe`),
      "file_failed",
      "Not a regular file",
    );
    await rejectsWith(
      files.read("/dev/zero"),
      "file_failed",
      "Not a regular file",
    );
    await rejectsWith(
      files.list(`${home}/pipe`),
      "file_failed",
      "Not a directory",
    );
    assertEquals((await files.stat(`${home}/pipe`)).type, "other");
    await files.remove(`${home}/pipe`);
  },
);

testEach(
  "SandboxFiles reads up to maxBytes, and what has no size",
  async ({ files, home }) => {
    await files.write(`${home}/file`, "12345");
    const text = await files.readText(`${home}/file`, { maxBytes: 5 });
    assertEquals(text, "12345");
    const tooLarge = { maxBytes: 4 };
    await rejectsWith(files.read(`${home}/file`, tooLarge), "file_too_large");
    await files.write(`${home}/empty`, "");
    assertEquals(await files.readText(`${home}/empty`, { maxBytes: 0 }), "");
    // Such files say that they have no bytes, and have some.
    assert((await files.readText("/proc/version")).length > 4);
    await rejectsWith(files.read("/proc/version", tooLarge), "file_too_large");
  },
);

testEach(
  "SandboxFiles ends the program that reads a file which grows too large",
  async ({ files, runner }) => {
    await rejectsWith(
      files.read("/anything", { maxBytes: 1000 }),
      "file_too_large",
    );
    assertEquals(runner.running, 0);
  },
  {
    // A program that writes for ever, whatever it was asked.
    onStart: () => ["sh", "-c", "while :; do echo 0123456789; done"],
  },
);

testEach(
  "SandboxFiles removes files, links and empty folders, and what is not there",
  async ({ files, home }) => {
    await files.makeFolder(`${home}/kept`);
    await files.write(`${home}/kept/file`, "x");
    await Deno.symlink("kept", `${home}/link`);
    await files.remove(`${home}/link`, { recursive: true });
    await Deno.symlink("kept", `${home}/link`);
    await files.remove(`${home}/link`);
    await files.remove(`${home}/link`);
    await files.remove(`${home}/nowhere/at/all`, { recursive: true });
    assertEquals(await files.readText(`${home}/kept/file`), "x");
    await files.remove(`${home}/kept`, { recursive: true });
    await files.makeFolder(`${home}/empty`);
    await files.remove(`${home}/empty`);
    assertEquals(await files.list(home), []);
  },
);

testEach(
  "SandboxFiles makes folders, with those above where that is asked for",
  async ({ files, home }) => {
    await files.makeFolder(`${home}/one`, { mode: 0o700 });
    assertEquals((await files.stat(`${home}/one`)).mode, 0o700);
    const parents = { parents: true };
    await files.makeFolder(`${home}/one/two/three`, parents);
    await files.makeFolder(`${home}/one/two/three`, parents);
    assertEquals(namesOf(await files.list(`${home}/one/two`)), ["three"]);
  },
);

/** Every call, under a signal. */
function eachCall(
  { files, home, host }: FilesFixture,
  signal: AbortSignal,
): (() => Promise<unknown>)[] {
  const options = { signal };
  return [
    () => files.read(home, options),
    () => files.stat(home, options),
    () => files.list(home, options),
    () => files.remove(`${home}/x`, options),
    () => files.makeFolder(`${home}/x`, options),
    () => files.write(`${home}/x`, "x", options),
    () => files.write(`${home}/x`, ReadableStream.from([]), options),
    () => files.upload(home, ReadableStream.from([]), options),
    () => files.uploadFrom(host, home, options),
    () => new Response(files.download(home, options)).bytes(),
    () => files.downloadTo(home, `${host}/x`, options),
  ];
}

testEach(
  "SandboxFiles starts nothing under a signal that is aborted",
  async (fixture) => {
    const reason = { any: "thing" };
    for (const call of eachCall(fixture, AbortSignal.abort(reason))) {
      assertEquals(await call().catch((error) => error), reason);
    }
    // What may have been left is looked for, and nothing else is done.
    assert(fixture.runner.started <= 2);
    assertEquals([...Deno.readDirSync(fixture.host)], []);
  },
);

testEach(
  "SandboxFiles rejects with the signal's reason, and ends the program",
  async (fixture) => {
    const { host, runner } = fixture;
    const reason = new Error("enough");
    const count = eachCall(fixture, AbortSignal.abort()).length;
    for (let n = 0; n < count; n++) {
      const controller = new AbortController();
      const before = runner.started;
      const call = eachCall(fixture, controller.signal)[n]!();
      const ends = call.catch((error) => error);
      while (runner.started === before) await Promise.race([ends, turn()]);
      assertEquals(runner.running, 1);
      controller.abort(reason);
      assertEquals(await ends, reason);
      assertEquals(runner.running, 0);
    }
    assertEquals([...Deno.readDirSync(host)], []);
  },
  {
    onStart: (argv) =>
      argv.some((arg) => arg.includes(".zu-") && arg.includes("exit 0"))
        ? argv
        : ["sleep", "1000"],
  },
);

Deno.test({
  name: "SandboxFiles says timeout when its program is not done in time",
  ignore: SYSTEM.missing !== undefined,
  fn: () =>
    withFiles(SYSTEM, async ({ files, home, runner }) => {
      for (
        const call of [
          () => files.read(home, { timeoutMs: 20 }),
          () => files.stat(home, { timeoutMs: 20 }),
          () => new Response(files.download(home, { timeoutMs: 20 })).bytes(),
        ]
      ) {
        await rejectsWith(call(), "timeout", "larger timeoutMs");
        assertEquals(runner.running, 0);
      }
    }, { onStart: () => ["sleep", "1000"] }),
});

Deno.test({
  name: "SandboxFiles says unsupported and names the program that is missing",
  ignore: SYSTEM.missing !== undefined,
  fn: () =>
    withFiles(SYSTEM, async ({ files, home, host, bin }) => {
      await files.write(`${home}/file`, "x");
      const without = async (
        name: string,
        ...calls: (() => Promise<unknown>)[]
      ) => {
        await Deno.rename(`${bin}/${name}`, `${host}/${name}`);
        for (const call of calls) {
          await rejectsWith(call(), "unsupported", `no program "${name}"`);
        }
        await Deno.rename(`${host}/${name}`, `${bin}/${name}`);
      };
      await without(
        "cat",
        () => files.read(`${home}/file`),
        () => files.write(`${home}/other`, "x"),
      );
      await without("stat", () => files.stat(home), () => files.list(home));
      await without("rm", () => files.remove(`${home}/file`));
      await without("mkdir", () => files.makeFolder(`${home}/folder`));
      await without(
        "tar",
        () => files.upload(home, ReadableStream.from([])),
        () => new Response(files.download(home)).bytes(),
        () => files.downloadTo(home, `${host}/out`),
      );
      assertEquals(namesOf(await files.list(home)), ["file"]);
    }),
});

testEach(
  "SandboxFiles reads without stat, by the bytes",
  async ({ files, home, bin }) => {
    await files.write(`${home}/file`, "12345");
    await Deno.remove(`${bin}/stat`);
    assertEquals(await files.readText(`${home}/file`), "12345");
    await rejectsWith(
      files.read(`${home}/file`, { maxBytes: 4 }),
      "file_too_large",
    );
  },
);

testEach(
  "SandboxFiles refuses paths that are not absolute, or may lead elsewhere",
  async ({ files, runner }) => {
    for (const path of ["", "x", "./x", "/a/../b", "/..", "/a\0b", "/\ud800"]) {
      await rejectsWith(files.read(path), "file_refused");
      await rejectsWith(files.write(path, ""), "file_refused");
      await rejectsWith(files.remove(path), "file_refused");
      await rejectsWith(
        files.upload(path, ReadableStream.from([])),
        "file_refused",
      );
      assertThrows(() => files.download(path));
    }
    for (const root of ["/", "//", "/./", "/."]) {
      await rejectsWith(
        files.remove(root, { recursive: true }),
        "file_refused",
      );
      await rejectsWith(files.write(root, ""), "file_refused");
    }
    await assertRejects(() => files.read(1 as unknown as string), TypeError);
    assertEquals(runner.started, 0);
  },
);

testEach(
  "SandboxFiles refuses bounds that are none",
  async ({ files, runner }) => {
    for (const bound of [-1, 1.5, NaN, Infinity]) {
      for (
        const call of [
          () => files.read("/x", { maxBytes: bound }),
          () => files.write("/x", "", { maxBytes: bound }),
          () => files.write("/x", "", { mode: bound }),
          () => files.makeFolder("/x", { mode: bound }),
          () => files.list("/x", { limit: bound }),
          () =>
            files.upload("/x", ReadableStream.from([]), { maxBytes: bound }),
          () => files.downloadTo("/x", "x", { maxEntries: bound }),
          () => files.uploadFrom("x", "/x", { maxEntries: bound }),
        ]
      ) await assertRejects(call, RangeError);
      assertThrows(() => files.download("/x", { maxBytes: bound }), RangeError);
    }
    await assertRejects(
      () => files.write("/x", "", { mode: 0o4755 }),
      RangeError,
    );
    await assertRejects(() => files.list("/x", { limit: 100_001 }), RangeError);
    assertEquals(runner.started, 0);
  },
);
