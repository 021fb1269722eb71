import { assert, assertEquals } from "@std/assert";
import { findLibraries } from "../../../backends/forwarder_image/find_libraries.ts";
import { rejectsWith } from "../_rejects_with.ts";
import { elfFile, type ElfParts } from "./_elf_file.ts";

const isLinux = Deno.build.os === "linux";

/** The loader that is really on this machine, since it is looked for there. */
async function loaderHere(): Promise<string> {
  return (await findLibraries(Deno.execPath())).interpreter;
}

/** Runs a test in a folder with a program and libraries, each an ELF file. */
async function withFiles(
  files: Record<string, ElfParts | string>,
  test: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    for (const [name, parts] of Object.entries(files)) {
      const path = `${folder}/${name}`;
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), {
        recursive: true,
      });
      if (typeof parts === "string") await Deno.writeTextFile(path, parts);
      else await Deno.writeFile(path, elfFile(parts));
    }
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function linuxTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: !isLinux, fn });
}

linuxTest("findLibraries finds all that the running Deno needs", async () => {
  const found = await findLibraries(Deno.execPath());
  assertEquals(found.path, await Deno.realPath(Deno.execPath()));
  assertEquals(
    found.architecture,
    Deno.build.arch === "x86_64" ? "amd64" : "arm64",
  );
  assert(found.libraries.has("libc.so.6"));
  for (const [name, path] of found.libraries) {
    assert((await Deno.stat(path)).isFile, `${name} is ${path}`);
  }
  // The loader is not needed a second time.
  assert(![...found.libraries.keys()].some((name) => name.startsWith("ld-")));
});

linuxTest(
  "findLibraries follows links, $ORIGIN, and libraries of libraries",
  async () => {
    const interpreter = await loaderHere();
    await withFiles({
      "bin/program": {
        interpreter,
        needed: ["liba.so.1"],
        runPath: "/nonexistent:$ORIGIN/../lib",
      },
      "lib/liba.so.1": { needed: ["libb.so"], runPath: "${ORIGIN}/more" },
      // A circle, which ends.
      "lib/more/libb.so": { needed: ["liba.so.1"], runPath: "$ORIGIN/.." },
    }, async (folder) => {
      await Deno.symlink(`${folder}/bin/program`, `${folder}/link`);
      const found = await findLibraries(`${folder}/link`);
      assertEquals(found.path, `${folder}/bin/program`);
      assertEquals(Object.fromEntries(found.libraries), {
        "liba.so.1": `${folder}/lib/liba.so.1`,
        "libb.so": `${folder}/lib/more/libb.so`,
      });
    });
  },
);

linuxTest(
  "findLibraries passes over libraries for other processors, scripts and folders",
  async () => {
    const interpreter = await loaderHere();
    await withFiles({
      "program": {
        interpreter,
        needed: ["l.so"],
        runPath: "$ORIGIN/a:$ORIGIN/b:$ORIGIN/c:$ORIGIN/d",
      },
      "a/l.so": { machine: 40 },
      "b/l.so": "INPUT(l.so.1)",
      "c/l.so/file": "",
      "d/l.so": {},
    }, async (folder) => {
      const { libraries } = await findLibraries(`${folder}/program`);
      assertEquals(libraries.get("l.so"), `${folder}/d/l.so`);
    });
  },
);

linuxTest(
  "findLibraries says what is wrong with a program, and what to do",
  async () => {
    const interpreter = await loaderHere();
    await withFiles({
      "script": "#!/bin/sh\n",
      "static": { needed: [] },
      "musl": { interpreter: "/lib/ld-musl-x86_64.so.1" },
      "astray": { interpreter: "/lib/../../ld-linux.so" },
      "relative": { interpreter: "ld-linux.so" },
      "other": { interpreter, machine: 243 },
      "lacking": { interpreter, needed: ["libnowhere.so.7"] },
      "escaping": { interpreter, needed: ["../static"], runPath: "$ORIGIN/x" },
    }, async (folder) => {
      const refuses = async (name: string, includes: string) => {
        const made = findLibraries(`${folder}/${name}`);
        const error = await rejectsWith(made, "unsupported", includes);
        assert(error.message.includes("recipe"), error.message);
      };
      await refuses("script", "no ELF file");
      await refuses("static", "static");
      await refuses("musl", "ld-musl-x86_64.so.1");
      await refuses("astray", "asks for the loader");
      await refuses("relative", "asks for the loader");
      await refuses("other", "243");
      await refuses("lacking", "libnowhere.so.7");
      await refuses("escaping", "../static");
      await rejectsWith(findLibraries(`${folder}/none`), "file_failed", "none");
      await rejectsWith(findLibraries(folder), "file_failed");
    });
  },
);
