import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  type ForwarderImageOptions,
  makeForwarderImage,
} from "../../backends/forwarder_image.ts";
import { forwarderSource } from "../../backends/egress/forwarder_program.ts";
import { TarReader } from "../../backends/files/tar_reader.ts";
import { findLibraries } from "../../backends/forwarder_image/find_libraries.ts";
import { findDeno } from "../../backends/forwarder_image/make_image.ts";
import { rejectsWith } from "./_rejects_with.ts";
import { elfFile } from "./forwarder_image/_elf_file.ts";
import { ImageStore } from "./forwarder_image/_image_store.ts";

const NAME = "localhost/zu-egress-forwarder:1";

/** Runs a test with a small file in Deno's place, which is made of little. */
function imageTest(
  name: string,
  test: (parts: {
    store: ImageStore;
    deno: string;
    make: (
      options?: ForwarderImageOptions,
    ) => ReturnType<typeof makeForwarderImage>;
  }) => Promise<void>,
): void {
  Deno.test({
    name,
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      const { interpreter } = await findLibraries(Deno.execPath());
      const folder = await Deno.makeTempDir();
      try {
        const deno = `${folder}/deno`;
        const machine = Deno.build.arch === "x86_64" ? 62 : 183;
        const parts = {
          machine,
          interpreter,
          needed: ["liba.so"],
          runPath: "$ORIGIN",
        };
        await Deno.writeFile(deno, elfFile(parts));
        await Deno.writeFile(`${folder}/liba.so`, elfFile({ machine }));
        const store = new ImageStore();
        const make = (options: ForwarderImageOptions = {}) =>
          makeForwarderImage({ docker: store, deno, ...options });
        await test({ store, deno, make });
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

/** What is in an archive, by path: what it is, its mode, and a file's text. */
async function contents(tar: Uint8Array): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  using reader = new TarReader(new Blob([tar.slice()]).stream());
  for (let entry = await reader.next(); entry; entry = await reader.next()) {
    const parts = await Array.fromAsync(reader.body(), (part) => part.slice());
    const text = await new Blob(parts).text();
    found.set(entry.path, `${entry.type} ${entry.mode.toString(8)} ${text}`);
  }
  return found;
}

imageTest(
  "makeForwarderImage makes an image of Deno, its libraries and the program, and nothing else",
  async ({ store, make }) => {
    const { image, id, made } = await make();
    assertEquals([image, made], [NAME, true]);
    const stored = store.names.get(NAME)!;
    assertEquals(stored.id, id);
    const files = await contents(stored.tar!);
    const { interpreter } = await findLibraries(Deno.execPath());
    const loader = interpreter.slice(1);
    const folders = loader.split("/").slice(0, -1)
      .map((_, index, parts) => `${parts.slice(0, index + 1).join("/")}/`);
    assertEquals(
      [...files.keys()].sort(),
      [
        ...new Set([
          ...folders,
          "bin/",
          "bin/deno",
          "lib/",
          "lib/liba.so",
          loader,
          "tmp/",
          "zu/",
          "zu/egress.sock",
          "zu/forwarder.js",
        ]),
      ].sort(),
    );
    assertEquals(files.get("zu/egress.sock"), "file 644 ");
    assertEquals(files.get("zu/forwarder.js"), `file 644 ${forwarderSource()}`);
    assertMatch(files.get("bin/deno")!, /^file 755 /);
    assertMatch(files.get("tmp/")!, /^directory 777/);
    const changes = stored.changes!;
    assert(changes.includes("USER 65533:65533"), changes.join("\n"));
    const entrypoint = changes.find((line) => line.startsWith("ENTRYPOINT "))!;
    const argv: string[] = JSON.parse(entrypoint.slice("ENTRYPOINT ".length));
    assertEquals(argv.filter((arg) => arg.startsWith("--allow")), [
      "--allow-net=127.0.0.1:3128,unix:/zu/egress.sock",
      "--allow-read=/zu/egress.sock",
      "--allow-write=/zu/egress.sock",
    ]);
    assertEquals([argv[0], argv.at(-1)], ["/bin/deno", "/zu/forwarder.js"]);
  },
);

imageTest(
  "makeForwarderImage leaves an image of the same files as it is",
  async ({ store, make }) => {
    const first = await make();
    store.calls.length = 0;
    assertEquals(await make(), { ...first, made: false });
    assertEquals(await make({ replace: true }), { ...first, made: false });
    assert(!store.calls.includes("POST /images/create"));
  },
);

imageTest(
  "makeForwarderImage refuses to replace another image, unless it is told to",
  async ({ store, deno, make }) => {
    const first = await make();
    await Deno.writeFile(deno, new Uint8Array([0]), { append: true });
    await rejectsWith(make(), "image_refused", "of other files");
    assertEquals(store.names.get(NAME)?.id, first.id);
    const second = await make({ replace: true });
    assertEquals([second.made, second.id === first.id], [true, false]);
    // The one before has no name any more, and is of no use.
    assertEquals([...store.images.keys()], [second.id]);
  },
);

imageTest(
  "makeForwarderImage leaves a replaced image that somebody else has a use for",
  async ({ store, make }) => {
    const foreign = store.add(NAME);
    await rejectsWith(make(), "image_refused", "not made by this");
    await make({ replace: true });
    assert(
      store.images.has(foreign),
      "it removed an image that it had not made",
    );

    const label = { "zu.forwarder": "old" };
    const named = store.add("localhost/named:1", label);
    store.names.set("localhost/other:1", store.images.get(named)!);
    await make({ image: "localhost/named:1", replace: true });
    assert(store.images.has(named), "it removed an image with another name");

    const used = store.add("localhost/used:1", label);
    store.used.add(used);
    const { made } = await make({ image: "localhost/used:1", replace: true });
    assertEquals([made, store.images.has(used)], [true, true]);
  },
);

imageTest(
  "makeForwarderImage gives a name without a tag the engine's",
  async ({ store, make }) => {
    const { image } = await make({ image: "localhost/f" });
    assertEquals(image, "localhost/f:latest");
    assert(store.names.has("localhost/f:latest"));
  },
);

imageTest(
  "makeForwarderImage refuses names that an image cannot be given, without contact",
  async ({ store, make }) => {
    const digest = `sha256:${"a".repeat(64)}`;
    for (
      const image of [
        "",
        "localhost/UPPER",
        "a b",
        digest,
        `localhost/f@${digest}`,
        "x:1?y=2",
        "../x",
      ]
    ) {
      await rejectsWith(make({ image }), "spec_refused");
    }
    assertEquals(store.calls, []);
  },
);

imageTest(
  "makeForwarderImage refuses an engine for other processors or another system",
  async ({ store, make }) => {
    store.version = { Os: "linux", Arch: "riscv64" };
    await rejectsWith(make(), "unsupported", "linux/riscv64");
    store.version = { Os: "windows", Arch: "amd64" };
    await rejectsWith(make(), "unsupported", "windows/amd64");
    assertEquals(store.names.size, 0);
  },
);

imageTest(
  "makeForwarderImage tells what fails at the engine",
  async ({ store, make }) => {
    store.importAnswer =
      '{"status":"x"}\n{"errorDetail":{},"error":"no \\"space\\" left"}\n';
    await rejectsWith(make(), "engine_failed", "space");
    // It says that it did, and there is none.
    store.importAnswer = '{"status":"sha256:0"}\n';
    await rejectsWith(make(), "engine_failed", "another one");
  },
);

imageTest(
  "makeForwarderImage tells of a file that changes as it is read",
  async ({ store, deno, make }) => {
    await Deno.truncate(deno, 8_000_000);
    store.onPiece = () => {
      using file = Deno.openSync(deno, { write: true });
      file.seekSync(7_999_999, Deno.SeekMode.Start);
      file.writeSync(new Uint8Array([1]));
    };
    await rejectsWith(make(), "file_failed", "changed meanwhile");
    await Deno.truncate(deno, 7_999_999);
    await Deno.truncate(deno, 8_000_000);
    // By now it is known how long it is, and is being read.
    store.onPiece = ({ length }) => {
      if (length > 100_000) Deno.truncateSync(deno, 7_000_000);
    };
    await rejectsWith(make(), "file_failed", "shorter");
    assertEquals(store.names.size, 0);
  },
);

imageTest(
  "makeForwarderImage ends with its signal, before and while it sends",
  async ({ store, make }) => {
    const reason = new Error("enough");
    const aborted = make({ signal: AbortSignal.abort(reason) });
    assertEquals(await aborted.catch((error) => error), reason);
    assertEquals(store.calls, []);
    const controller = new AbortController();
    store.onPiece = () => controller.abort(reason);
    const cut = make({ signal: controller.signal });
    assertEquals(await cut.catch((error) => error), reason);
    assertEquals(store.names.size, 0);
  },
);

Deno.test("findDeno says what to do where there is none that can be used", async () => {
  const on = (os: typeof Deno.build.os, standalone: boolean, path?: string) =>
    findDeno(path, { os, standalone });
  await rejectsWith(on("darwin", false), "unsupported", "recipe");
  await rejectsWith(on("windows", false), "unsupported", "recipe");
  await rejectsWith(on("linux", true), "unsupported", "option deno");
  await assertRejects(() => on("linux", false, ""), TypeError, "deno is empty");
});

/** Runs the module as a program. */
async function runScript(args: string[], flags: string[] = ["-A"]) {
  const path = new URL("../../backends/forwarder_image.ts", import.meta.url);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", ...flags, path.href, ...args],
    env: { NO_COLOR: "1", DOCKER_HOST: "unix:///nonexistent/docker.sock" },
  }).output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

Deno.test("the program shows its usage for bad flags, and ends with 2", async () => {
  const { code, stdout, stderr } = await runScript(["--imge", "x"], []);
  assertEquals([code, stdout], [2, ""]);
  assertMatch(stderr, /no flag "--imge"[^]*usage: /);
  const help = await runScript(["--help"], []);
  assertEquals([help.code, help.stderr], [0, ""]);
  assertMatch(help.stdout, /^usage: /);
  assertEquals((await runScript(["--image", "UPPER"])).code, 2);
});

imageTest(
  "the program says why there is no image, and ends with 1",
  async ({ deno }) => {
    const { code, stdout, stderr } = await runScript(["--deno", deno]);
    assertEquals([code, stdout], [1, ""]);
    assertMatch(stderr, /^error: .*\/nonexistent\/docker\.sock/);
  },
);

imageTest(
  "the program writes an archive and its Dockerfile, without an engine",
  async ({ deno, store, make }) => {
    const tar = `${deno}.tar`;
    const args = ["--deno", deno, "--tar", tar];
    const flags = ["--allow-read", `--allow-write=${tar}`];
    const { code, stdout, stderr } = await runScript(args, flags);
    assertEquals([code, stderr], [0, ""]);
    await make();
    const { tar: sent, changes } = store.names.get(NAME)!;
    assertEquals(await Deno.readFile(tar), sent);
    assertEquals(stdout.trim().split("\n"), [
      "FROM scratch",
      'ADD ["deno.tar","/"]',
      ...changes!,
    ]);
    const again = await runScript(args, flags);
    assertEquals([again.code, again.stdout], [1, ""]);
    assertEquals((await runScript([...args, "--replace"], flags)).code, 0);
  },
);
