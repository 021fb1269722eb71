import { assert, assertEquals } from "@std/assert";
import {
  againstTheArrows,
  brokenImports,
  importsOfMod,
  importsOfPackages,
  importsOfPrivates,
  missingLessons,
  tooLong,
  unreachable,
  untested,
} from "./architecture/_rules.ts";
import { EXPORTS, readSources, ROOT } from "./architecture/_sources.ts";
import { TESTED_THROUGH } from "./architecture/_tested_through.ts";

/** Those of the event log and of the sandbox; those of its egress follow. */
const LESSONS = 35;

const sources = await readSources("", "codec/", "sinks/", "backends/");
const tests = await readSources("tests/");
const published = tests.filter(({ path }) =>
  path.startsWith("tests/conformance/") && !path.endsWith("_test.ts")
);

Deno.test("sources import along the arrows: codec ← sinks, backends alone", () => {
  assert(sources.length > 30, "the sources were not found");
  assertEquals(againstTheArrows([...sources, ...published]), []);
});

Deno.test("sources do not import the root's mod.ts, nor their own folder's", () => {
  assertEquals(importsOfMod(sources), []);
});

Deno.test("private files and subfolders are imported by their own folder and its tests", () => {
  assertEquals(importsOfPrivates([...sources, ...tests]), []);
});

Deno.test("sources import packages by the names of deno.json, and those that do something only when they are needed", () => {
  assertEquals(importsOfPackages([...sources, ...published]), []);
});

Deno.test("sources import files that are there", () => {
  assertEquals(brokenImports(sources), []);
});

Deno.test("every source can be reached from an export", () => {
  for (const path of EXPORTS.values()) {
    const known = [...sources, ...published].some((file) => file.path === path);
    assert(known, `deno.json exports ${path}, which is not there`);
  }
  assertEquals(unreachable(sources, EXPORTS.values()), []);
  assertEquals(unreachable(published, EXPORTS.values()), []);
});

Deno.test("every source has a test named after it, or is named with the one that reaches it", () => {
  assertEquals(untested(sources, tests, TESTED_THROUGH), []);
});

Deno.test("no source is longer than 350 lines", () => {
  assertEquals(tooLong([...sources, ...published]), []);
});

for (const lesson of Array.from({ length: LESSONS }, (_, n) => n + 1)) {
  Deno.test(`a test bears the number of lesson ${lesson}`, () => {
    // Fakes name the rules that they break, and are no tests.
    const bearing = tests.filter(({ path }) =>
      !/^tests\/(?:architecture|fakes)/.test(path)
    );
    const missing = missingLessons(bearing, LESSONS);
    assertEquals(missing.includes(lesson), false, `no "lesson ${lesson}: …"`);
  });
}

/** Imports a file in a process of its own, which is another program's. */
async function importAlone(
  path: string,
  flags: string[],
  env: Record<string, string> = {},
) {
  const program = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    // Run by itself, a file that is also a script would do what that does.
    await Deno.writeTextFile(program, `import "${new URL(path, ROOT)}";`);
    const common = ["--no-prompt", "--no-check", "--quiet"];
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--config=deno.json", ...common, ...flags, program],
      cwd: ROOT,
      env: { ...env, NO_COLOR: "1" },
    }).output();
    const decoder = new TextDecoder();
    return {
      code,
      output: decoder.decode(stdout) + decoder.decode(stderr),
    };
  } finally {
    await Deno.remove(program);
  }
}

for (const [name, path] of EXPORTS) {
  Deno.test(`importing ${name} needs no permission and says nothing`, async () => {
    assertEquals(await importAlone(path, []), { code: 0, output: "" });
  });

  Deno.test(`importing ${name} touches nothing where it is allowed everything`, async () => {
    const log = await Deno.makeTempFile({ suffix: ".jsonl" });
    try {
      // Deno writes each use of a permission to this file.
      const env = { DENO_AUDIT_PERMISSIONS: log };
      const result = await importAlone(path, ["-A"], env);
      assertEquals(result, { code: 0, output: "" });
      assertEquals(await Deno.readTextFile(log), "");
    } finally {
      await Deno.remove(log);
    }
  });
}

Deno.test("a process that touches something is seen to do so", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const log = `${folder}/audit.jsonl`;
    const path = `${folder}/touches.ts`;
    await Deno.writeTextFile(path, 'Deno.env.get("HOME");');
    const denied = await importAlone(path, []);
    assert(denied.code !== 0);
    const env = { DENO_AUDIT_PERMISSIONS: log };
    assertEquals((await importAlone(path, ["-A"], env)).code, 0);
    assert((await Deno.readTextFile(log)).includes('"env"'));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
