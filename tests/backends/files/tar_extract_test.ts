import { assert, assertEquals, assertRejects } from "@std/assert";
import type { ExtractOptions } from "../../../backends/files/extraction.ts";
import { extractTar } from "../../../backends/files/tar_extract.ts";
import {
  archive,
  concat,
  END,
  entry,
  file,
  folder,
  gnuLong,
  hardLink,
  header,
  pax,
  stream,
  symlink,
} from "./_archives.ts";
import { rejectsWith } from "../_rejects_with.ts";
import { snapshot } from "./_snapshot.ts";

const BOUNDS: ExtractOptions = { maxBytes: 100_000, maxEntries: 100 };

/**
 * Runs a test in a folder, `target` of which archives are extracted to; `secret`
 * beside it is what they are after. It must come out unharmed.
 */
async function withTarget(
  test: (target: string, root: string) => Promise<void>,
): Promise<void> {
  const root = await Deno.realPath(await Deno.makeTempDir());
  const target = `${root}/target`;
  try {
    await Deno.mkdir(target);
    await Deno.mkdir(`${root}/secret`);
    await Deno.writeTextFile(`${root}/secret/file`, "secret");
    await test(target, root);
    assertEquals(await snapshot(`${root}/secret`), { file: "secret" });
    const beside = Array.from(Deno.readDirSync(root), ({ name }) => name);
    assertEquals(beside.sort(), ["secret", "target"]);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** Asserts that an archive is refused, and that nothing of it stays. */
async function refuses(
  source: ReadableStream<Uint8Array>,
  why: string,
  options: Partial<ExtractOptions> = {},
): Promise<void> {
  await withTarget(async (target) => {
    await Deno.writeTextFile(`${target}/mine`, "mine");
    await rejectsWith(
      extractTar(source, target, { ...BOUNDS, ...options }),
      "file_refused",
      why,
    );
    assertEquals(await snapshot(target), { mine: "mine" });
  });
}

Deno.test("extractTar extracts files and folders with their modes and dates", async () => {
  await withTarget(async (target) => {
    const report = await extractTar(
      archive(
        folder("./"),
        folder("./empty/"),
        folder("./open/", "0000777"),
        entry({ name: "./open/run", mode: "0104755", mtime: "17" }, "#!"),
        entry({ name: "./open/shut", mode: "0000000" }, "x"),
        folder("./open/"),
        file("implied/by/this", "abc"),
      ),
      target,
      BOUNDS,
    );
    assertEquals(report, {
      files: 3,
      folders: 4,
      links: 0,
      bytes: 6,
      skipped: [],
    });
    assertEquals(await snapshot(target), {
      "empty/": "",
      "open/": "",
      "open/run": "#!",
      "open/shut": "x",
      "implied/": "",
      "implied/by/": "",
      "implied/by/this": "abc",
    });
    const run = await Deno.stat(`${target}/open/run`);
    assertEquals([run.mode! & 0o7777, run.mtime], [0o755, new Date(15_000)]);
    assertEquals((await Deno.stat(`${target}/open/shut`)).mode! & 0o7777, 0);
    const { mode } = await Deno.stat(`${target}/open`);
    await Deno.mkdir(`${target}/alike`, { mode: 0o777 });
    assertEquals(mode, (await Deno.stat(`${target}/alike`)).mode);
  });
});

Deno.test("extractTar keeps folders such that they can be removed", async () => {
  await withTarget(async (target) => {
    const source = archive(folder("shut", "0000000"), file("shut/file"));
    await extractTar(source, target, BOUNDS);
    assertEquals((await Deno.stat(`${target}/shut`)).mode! & 0o777, 0o700);
  });
});

Deno.test("extractTar makes the folder, and removes it again if it fails", async () => {
  await withTarget(async (target) => {
    await extractTar(archive(file("a", "x")), `${target}/new`, BOUNDS);
    assertEquals(await snapshot(target), { "new/": "", "new/a": "x" });
    const bad = extractTar(archive(file("../a")), `${target}/bad`, BOUNDS);
    await rejectsWith(bad, "file_refused");
    assertEquals(Object.keys(await snapshot(target)), ["new/", "new/a"]);
  });
});

Deno.test("extractTar says what is wrong with the folder, and cancels the source", async () => {
  await withTarget(async (target, root) => {
    await Deno.writeTextFile(`${target}/file`, "x");
    for (
      const folder of [
        `${target}/file`,
        `${target}/no/where`,
        `${root}/secret/file/x`,
        `${target}/a\0b`,
      ]
    ) {
      const cancelled = Promise.withResolvers<unknown>();
      const source = new ReadableStream({ cancel: cancelled.resolve });
      const error = await rejectsWith(
        extractTar(source, folder, BOUNDS),
        "file_failed",
        "on the host",
      );
      assertEquals(await cancelled.promise, error);
    }
  });
});

Deno.test("lesson 34: no entry of an archive is extracted outside of the target", async () => {
  for (
    const [name, why] of [
      ["/etc/x", "absolute"],
      ["//x", "absolute"],
      ["../x", '".."'],
      ["..", '".."'],
      ["a/../../secret/file", '".."'],
      ["a/..", '".."'],
      ["./../x", '".."'],
      ["", "no name"],
      [".", "no name"],
      ["./.", "no name"],
    ] as const
  ) {
    await refuses(archive(file("first", "x"), file(name, "x")), why);
    await refuses(archive(file("first"), gnuLong("L", name), file("x")), why);
    if (name === "") continue;
    await refuses(archive(file("first"), pax({ path: name }), file("x")), why);
    if (why !== "no name") {
      await refuses(archive(folder(name)), why);
      await refuses(archive(symlink(name, "first")), why);
      await refuses(archive(hardLink(name, "first")), why);
    }
  }
  await refuses(archive(entry({ prefix: "..", name: "x" })), '".."');
  await refuses(archive(entry({ prefix: "/etc", name: "x" })), "absolute");
});

Deno.test("lesson 34: nothing is written through a link, in whatever order it comes", async () => {
  const outside = symlink("a", "../secret");
  await refuses(archive(outside, file("a/file", "x")), "no folder");
  await refuses(archive(file("a/file", "x"), outside), "twice");
  await refuses(archive(outside, folder("a"), file("a/file")), "twice");
  await refuses(archive(folder("a"), outside), "twice");
  await refuses(archive(folder("a"), file("a/b"), outside), "twice");
  await refuses(archive(outside, file("a", "x")), "twice");
  await refuses(archive(outside, symlink("a", "b")), "twice");
  // Inside, too: a later link might make it lead elsewhere.
  await refuses(
    archive(folder("b"), symlink("a", "b"), file("a/file")),
    "no folder",
  );
  await refuses(archive(file("a"), file("a/file")), "no folder");
  await refuses(
    archive(entry({ name: "a", type: "6" }), file("a/b")),
    "no folder",
  );
});

Deno.test("lesson 34: links that lead out of the target are left out, and told of", async () => {
  await withTarget(async (target) => {
    const links: [name: string, to: string, why: string][] = [
      ["absolute", "/etc/passwd", "is absolute"],
      ["to root", "/", "is absolute"],
      ["up", "..", "out of the folder"],
      ["out", "../secret/file", "out of the folder"],
      ["in and out", "d/../../secret", "out of the folder"],
      ["d/deep out", "../../secret", "out of the folder"],
      ["dangling", "nowhere", "nothing in the archive"],
      ["mine", "present", "nothing in the archive"],
      ["through a file", "d/file/../file", "nothing in the archive"],
      ["slash", "d/file/", "nothing in the archive"],
      ["dot", "d/file/.", "nothing in the archive"],
      ["nameless", "", "nothing in the archive"],
      ["itself", "itself", "too many links"],
      ["ping", "pong", "too many links"],
      ["pong", "ping", "too many links"],
      ["to a pipe", "pipe", "left out"],
      ["to a bad one", "out", "out of the folder"],
      // By its letters this stays inside; but d/up is the folder itself.
      ["trick", "d/up/../secret", "out of the folder"],
      ["backslash", "d\\..\\..\\secret", "nothing in the archive"],
    ];
    await Deno.mkdir(`${target}/present`);
    const { skipped, links: made } = await extractTar(
      archive(
        folder("d"),
        symlink("d/up", ".."),
        entry({ name: "pipe", type: "6" }),
        ...links.map(([name, to]) => symlink(name, to)),
        file("d/file"),
      ),
      target,
      BOUNDS,
    );
    assertEquals(made, 1);
    assertEquals(skipped[0], { path: "pipe", reason: "no file or folder" });
    for (const [n, [name, , why]] of links.entries()) {
      const { path, reason } = skipped[n + 1]!;
      assertEquals(path, name);
      assert(reason.includes(why), `${name}: ${reason}`);
    }
    const found = Array.from(Deno.readDirSync(target), ({ name }) => name);
    assertEquals(found.sort(), ["d", "present"]);
  });
});

Deno.test("extractTar makes relative links that stay inside", async () => {
  await withTarget(async (target) => {
    const report = await extractTar(
      archive(
        symlink("bin/tool", "../lib/tool.js"),
        symlink("bin/same", "tool"),
        symlink("bin/through", "../current/tool.js"),
        symlink("current", "./lib//"),
        symlink("lib/here", "."),
        symlink("lib/root", ".."),
        folder("lib"),
        file("lib/tool.js", "tool"),
      ),
      target,
      BOUNDS,
    );
    assertEquals(report.links, 6);
    assertEquals(report.skipped, []);
    for (
      const path of ["bin/tool", "bin/same", "bin/through", "current/tool.js"]
    ) {
      assertEquals(await Deno.readTextFile(`${target}/${path}`), "tool");
    }
    assertEquals(await Deno.readLink(`${target}/current`), "./lib//");
    assertEquals(await Deno.realPath(`${target}/lib/root`), target);
  });
});

Deno.test("extractTar makes second names of files in the archive, and of nothing else", async () => {
  await withTarget(async (target) => {
    const { skipped, files, bytes } = await extractTar(
      archive(
        file("d/a", "x"),
        hardLink("b", "./d/a"),
        symlink("link", "d/a"),
        hardLink("to link", "link"),
        hardLink("to folder", "d"),
        hardLink("to nothing", "nothing"),
        hardLink("to mine", "present"),
        hardLink("to itself", "to itself"),
      ),
      target,
      BOUNDS,
    );
    assertEquals([files, bytes], [2, 1]);
    assertEquals(skipped.map(({ path }) => path), [
      "to link",
      "to folder",
      "to nothing",
      "to mine",
      "to itself",
    ]);
    const [a, b] = await Promise.all(
      ["d/a", "b"].map((path) => Deno.stat(`${target}/${path}`)),
    );
    assertEquals(a!.ino, b!.ino);
  });
  for (
    const [to, why] of [["/etc/passwd", "absolute"], ["../secret/file", ".."]]
  ) {
    await refuses(archive(hardLink("a", to!)), why!);
    await refuses(archive(pax({ linkpath: to! }), hardLink("a", "b")), why!);
  }
  // A file of two names is not written to a second time.
  await refuses(
    archive(file("a"), hardLink("b", "a"), file("b", "x")),
    "twice",
  );
});

Deno.test("extractTar replaces nothing that is in the target, and follows no link there", async () => {
  await withTarget(async (target, root) => {
    await Deno.symlink("../secret", `${target}/link`);
    await Deno.symlink("nowhere", `${target}/dangling`);
    await Deno.mkdir(`${target}/folder`);
    await Deno.writeTextFile(`${target}/file`, "mine");
    for (
      const source of [
        archive(file("other", "x"), file("file", "x")),
        archive(file("link", "x")),
        archive(file("link/file", "x")),
        archive(file("dangling", "x")),
        archive(folder("folder")),
        archive(file("folder/file", "x")),
        archive(symlink("link", "other"), file("other")),
        archive(file("other"), hardLink("file", "other")),
      ]
    ) {
      await rejectsWith(
        extractTar(source, target, BOUNDS),
        "file_refused",
        "nothing is replaced",
      );
    }
    assertEquals(await snapshot(target), {
      dangling: "-> nowhere",
      file: "mine",
      "folder/": "",
      link: "-> ../secret",
    });
    // The folder itself may be named by a link, as /tmp is on some systems.
    await Deno.symlink("folder", `${target}/named`);
    await extractTar(archive(file("a", "x")), `${target}/named`, BOUNDS);
    assertEquals(await Deno.readTextFile(`${root}/target/folder/a`), "x");
  });
});

/** An archive that does something to the host before it goes on. */
function interrupted(
  before: Uint8Array,
  act: () => Promise<void>,
  after: Uint8Array,
): ReadableStream<Uint8Array> {
  return ReadableStream.from((async function* () {
    yield before;
    await act();
    yield after;
  })());
}

async function stagingOf(target: string): Promise<string> {
  const names = await Array.fromAsync(Deno.readDir(target), ({ name }) => name);
  return `${target}/${names.find((name) => name.startsWith(".zu-"))}`;
}

Deno.test("extractTar refuses a name that the file system takes for another one's", async () => {
  // A file system that does not tell A from a finds that `a` is there already. So
  // does this one, since someone has made it; be it a link to what is outside.
  const entries: Uint8Array[] = [
    file("a", "x"),
    folder("a"),
    file("a/file", "x"),
    hardLink("a", "first"),
    symlink("a", "first"),
  ];
  for (const last of entries) {
    for (const kind of ["link", "folder"]) {
      await withTarget(async (target) => {
        const source = interrupted(
          concat(file("first", "x"), header({ name: "second", size: "1000" })),
          async () => {
            const staging = await stagingOf(target);
            if (kind === "link") {
              await Deno.symlink("../../secret", `${staging}/a`);
            } else await Deno.mkdir(`${staging}/a`);
          },
          concat(new Uint8Array(512), last, END),
        );
        await rejectsWith(
          extractTar(source, target, BOUNDS),
          "file_refused",
          "takes for another one's",
        );
        assertEquals(await snapshot(target), {});
      });
    }
  }
});

Deno.test("extractTar removes all when the host fails, and says where what it could not", async () => {
  await withTarget(async (target) => {
    const gone = interrupted(
      file("first"),
      async () =>
        await Deno.remove(await stagingOf(target), { recursive: true }),
      concat(file("second", "x"), END),
    );
    const error = await rejectsWith(
      extractTar(gone, target, BOUNDS),
      "file_failed",
      "What was extracted until then is still there",
    );
    assert((error.cause as Error).message.includes("second"));
    // Someone takes a name while the archive is on its way.
    const taken = interrupted(
      concat(file("a", "x"), file("b", "x"), file("c", "x")),
      () => Deno.writeTextFile(`${target}/c`, "mine"),
      END,
    );
    await rejectsWith(
      extractTar(taken, target, BOUNDS),
      "file_refused",
      "nothing is replaced",
    );
    assertEquals(await snapshot(target), { c: "mine" });
  });
});

Deno.test("extractTar refuses what Windows takes for something other than a name", async () => {
  const isWindows = true;
  for (
    const name of [
      "..\\x",
      "a\\..\\..\\x",
      "\\x",
      "C:x",
      "C:\\x",
      "file:stream",
      "nul",
      "a/NUL.txt",
      "com1",
      "LPT9.x",
      "CONIN$",
      "dot.",
      "blank ",
      "a /x",
      "a*",
      "a\u0001",
      "a|b",
    ]
  ) {
    await refuses(archive(file(name, "x")), "on Windows", { isWindows });
    await refuses(archive(file("x"), hardLink("y", name)), "on Windows", {
      isWindows,
    });
  }
  const names = ["..\\x", "C:x", "nul", "dot.", "a\u0001\n"];
  await withTarget(async (target) => {
    const files = names.map((name) => file(name, "x"));
    await extractTar(archive(...files), target, BOUNDS);
    assertEquals(Object.keys(await snapshot(target)).sort(), [...names].sort());
  });
});

Deno.test("extractTar leaves out devices and names that are not UTF-8, and tells of them", async () => {
  await withTarget(async (target) => {
    const latin = (after: string) => concat(new Uint8Array([0xe9]), after);
    const { skipped, files } = await extractTar(
      archive(
        entry({ name: "null", type: "3" }),
        entry({ name: "disk", type: "4" }),
        entry({ name: "pipe", type: "6" }),
        entry({ name: latin("/"), type: "5" }),
        file(latin("/file"), "x".repeat(600)),
        entry({ name: "link", link: latin(""), type: "2" }),
        file("good", "x"),
      ),
      target,
      BOUNDS,
    );
    assertEquals(files, 1);
    assertEquals(skipped.map(({ path }) => path), [
      "null",
      "disk",
      "pipe",
      "\udce9/",
      "\udce9/file",
      "link",
    ]);
    assertEquals(await snapshot(target), { good: "x" });
  });
});

Deno.test("extractTar refuses paths that are too long or too deep", async () => {
  await refuses(archive(gnuLong("L", "a/".repeat(257)), file("x")), "too deep");
  await refuses(
    archive(pax({ path: "n".repeat(4096) }), file("x")),
    "too long",
  );
  await withTarget(async (target) => {
    const name = "n".repeat(256);
    await rejectsWith(
      extractTar(archive(gnuLong("L", name), file("x")), target, BOUNDS),
      "file_failed",
      "too long",
    );
    const deep = `${"a/".repeat(255)}file`;
    await extractTar(archive(gnuLong("L", deep), file("x")), target, {
      ...BOUNDS,
      maxEntries: 256,
    });
    assertEquals(Object.keys(await snapshot(target)).length, 256);
  });
});

/** Asserts that an archive is too large, and that nothing of it stays. */
async function isTooLarge(
  source: ReadableStream<Uint8Array>,
  why: string,
  options: Partial<ExtractOptions>,
): Promise<void> {
  await withTarget(async (target) => {
    await rejectsWith(
      extractTar(source, target, { ...BOUNDS, ...options }),
      "file_too_large",
      why,
    );
    assertEquals(await snapshot(target), {});
  });
}

Deno.test("extractTar bounds the bytes of all files, and writes no more", async () => {
  const entries = [file("a", "x".repeat(600)), file("b", "x".repeat(400))];
  await withTarget(async (target) => {
    const options = { ...BOUNDS, maxBytes: 1000 };
    const { bytes } = await extractTar(archive(...entries), target, options);
    assertEquals(bytes, 1000);
  });
  await isTooLarge(archive(...entries), "more than 999 bytes", {
    maxBytes: 999,
  });
  const claims = archive(header({ size: "77777777777" }));
  await isTooLarge(claims, "more than 1000 bytes", { maxBytes: 1000 });
  // What is left out has to be read, too.
  const skipped = entry({ name: new Uint8Array([0xff]) }, "x".repeat(1001));
  await isTooLarge(archive(skipped), "1000 bytes", { maxBytes: 1000 });
});

/** The same piece for ever. */
function endless(piece: () => Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull: (controller) => controller.enqueue(piece()),
  }, { highWaterMark: 0 });
}

Deno.test("extractTar bounds entries, folders that are only implied included", async () => {
  let n = 0;
  await isTooLarge(endless(() => file(`${n++}`)), "100 entries", {});
  await isTooLarge(endless(() => folder("./")), "100 entries", {});
  await isTooLarge(endless(() => folder("same")), "100 entries", {});
  await isTooLarge(
    endless(() => entry({ name: `pipe${n++}`, type: "6" })),
    "100 entries",
    {},
  );
  await isTooLarge(
    archive(gnuLong("L", `${"a/".repeat(100)}x`), file("x")),
    "100 entries",
    {},
  );
});

Deno.test("extractTar bounds what is read of names and links", async () => {
  const long = "n".repeat(1_000_000);
  await isTooLarge(
    endless(() => concat(pax({ comment: long }), folder("same"))),
    "its names have more than",
    {},
  );
  let n = 0;
  await isTooLarge(
    endless(() => concat(gnuLong("K", long), symlink(`${n++}`, "x"))),
    "its names have more than",
    {},
  );
});

Deno.test("extractTar follows chains of links no further than the kernel does", async () => {
  await withTarget(async (target) => {
    const chain = Array.from(
      { length: 60 },
      (_, n) => symlink(`link${n}`, n === 59 ? "file" : `link${n + 1}`),
    );
    const { links, skipped } = await extractTar(
      archive(...chain, file("file", "x")),
      target,
      BOUNDS,
    );
    assertEquals(links + skipped.length, 60);
    assert(links >= 19, `${links}`);
    for (const { name, isSymlink } of Deno.readDirSync(target)) {
      if (!isSymlink) continue;
      assertEquals(await Deno.readTextFile(`${target}/${name}`), "x");
    }
  });
});

Deno.test("extractTar leaves nothing when the archive is broken or its stream fails", async () => {
  await refuses(stream(concat(file("a", "x"), file("b"))), "cut off");
  await refuses(stream(concat(header({ size: "777" }), "half")), "cut off");
  await refuses(archive(file("a"), header({ checksum: "0" })), "checksum");
  await refuses(archive(file("a"), entry({ type: "S" })), "holes");
  await withTarget(async (target) => {
    const failure = new Error("source");
    const failing = ReadableStream.from((function* () {
      yield concat(file("a", "x"), header({ size: "777" }), "half");
      throw failure;
    })());
    const error = await assertRejects(() =>
      extractTar(failing, target, BOUNDS)
    );
    assertEquals(error, failure);
    assertEquals(await snapshot(target), {});
  });
});

Deno.test("extractTar cancels a source that it does not want to the end", async () => {
  await withTarget(async (target) => {
    const cancelled = Promise.withResolvers<unknown>();
    const source = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(file("../x")),
      cancel: cancelled.resolve,
    });
    const error = await rejectsWith(
      extractTar(source, target, BOUNDS),
      "file_refused",
    );
    assertEquals(await cancelled.promise, error);
  });
});
