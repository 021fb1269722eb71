// The rules on made-up files: each finds what breaks it, and nothing else.
import { assertEquals } from "@std/assert";
import {
  againstTheArrows,
  brokenImports,
  importsOfMod,
  importsOfPackages,
  importsOfPrivates,
  isDeclaration,
  missingLessons,
  tooLong,
  unreachable,
  untested,
} from "./_rules.ts";
import { readSourceText } from "./_sources.ts";

function imports(path: string, ...specifiers: string[]) {
  const lines = specifiers.map((specifier) => `import "${specifier}";`);
  return readSourceText(path, lines.join("\n"));
}

Deno.test("readSourceText finds imports of every form, and none in comments", () => {
  const { imports, lines } = readSourceText(
    "sinks/a.ts",
    [
      '/** ```ts import "./doc.ts"; ``` */',
      '// import "./comment.ts";',
      'import type { A } from "./one.ts";',
      'import {\n  B,\n} from "../codec/two.ts";',
      'export * from "./three.ts";',
      'import "node:fs";',
      'const late = await import("./four.ts");',
      'new Worker(new URL("./five.ts", import.meta.url));',
      "",
    ].join("\n"),
  );
  assertEquals(lines, 10);
  assertEquals(
    imports.map(({ specifier, target, late }) => [
      specifier,
      target,
      late,
    ]),
    [
      ["./one.ts", "sinks/one.ts", false],
      ["../codec/two.ts", "codec/two.ts", false],
      ["./three.ts", "sinks/three.ts", false],
      ["node:fs", undefined, false],
      ["./four.ts", "sinks/four.ts", true],
      ["./five.ts", "sinks/five.ts", true],
    ],
  );
});

Deno.test("againstTheArrows finds imports the wrong way", () => {
  const files = [
    imports("codec/a.ts", "./b.ts", "../sinks/event.ts"),
    imports("sinks/a.ts", "../codec/mod.ts", "../backends/mod.ts"),
    imports("backends/a.ts", "../codec/mod.ts"),
    imports("mod.ts", "./sinks/mod.ts", "./codec/mod.ts", "./tests/x.ts"),
  ];
  assertEquals(againstTheArrows(files), [
    "codec/a.ts imports sinks/event.ts",
    "sinks/a.ts imports backends/mod.ts",
    "backends/a.ts imports codec/mod.ts",
    "mod.ts imports tests/x.ts",
  ]);
});

Deno.test("importsOfMod finds imports of the root's mod.ts and of one's own", () => {
  const files = [
    imports("sinks/a.ts", "../mod.ts", "./mod.ts", "../codec/mod.ts"),
  ];
  assertEquals(importsOfMod(files), [
    "sinks/a.ts imports mod.ts",
    "sinks/a.ts imports sinks/mod.ts",
  ]);
});

Deno.test("importsOfPrivates finds imports of other folders' private files", () => {
  const files = [
    imports("sinks/a.ts", "./_b.ts", "./sqlite/c.ts", "../codec/_d.ts"),
    imports("sinks/sqlite/c.ts", "../_b.ts", "../../codec/aes_gcm_codec.ts"),
    imports("registry.ts", "./sinks/sqlite/c.ts", "./sinks/mod.ts"),
    imports("tests/sinks/a_test.ts", "../../sinks/_b.ts", "../../codec/_d.ts"),
  ];
  assertEquals(importsOfPrivates(files), [
    "sinks/a.ts imports codec/_d.ts",
    "registry.ts imports sinks/sqlite/c.ts",
    "tests/sinks/a_test.ts imports codec/_d.ts",
  ]);
});

Deno.test("importsOfPackages finds packages that are not declared, links, and @db/sqlite at once", () => {
  const late = readSourceText("sinks/b.ts", 'await import("@db/sqlite");');
  const files = [
    imports(
      "sinks/a.ts",
      "uuidv7",
      "node:crypto",
      "npm:left-pad",
      "@db/sqlite",
    ),
    imports("sinks/c.ts", "../links/db_sqlite/mod.ts"),
    late,
  ];
  assertEquals(importsOfPackages(files), [
    "sinks/a.ts imports npm:left-pad",
    "sinks/a.ts imports @db/sqlite at once",
    "sinks/c.ts imports ../links/db_sqlite/mod.ts",
  ]);
});

Deno.test("unreachable and brokenImports find files that nobody needs and that are not there", () => {
  const files = [
    imports("mod.ts", "./a.ts"),
    imports("a.ts", "./gone.ts"),
    imports("dead.ts", "./a.ts"),
  ];
  assertEquals(unreachable(files, ["mod.ts"]), ["dead.ts"]);
  assertEquals(brokenImports(files), [
    "a.ts imports gone.ts, which is not there",
  ]);
});

Deno.test("untested finds sources without a test, and entries that are not true", () => {
  const code = "export const a = 1;\n";
  const files = [
    "codec/a.ts",
    "codec/_b.ts",
    "codec/_c.ts",
    "codec/none.ts",
    "codec/inner.ts",
    "codec/far.ts",
    "sinks/sqlite/x.ts",
    "sinks/sqlite/y.ts",
    "sinks/jsonl/z.ts",
  ].map((path) => readSourceText(path, code));
  const types = readSourceText("codec/types.ts", "export interface A { a: 1 }");
  const tests = [
    imports("tests/codec/a_test.ts", "../../codec/inner.ts"),
    imports("tests/codec/b_test.ts", "../../codec/_b.ts"),
    imports("tests/codec/_c_test.ts", "../../codec/_c.ts"),
    imports("tests/sinks/sqlite_test.ts", "../../sinks/sqlite/x.ts"),
  ];
  const through = {
    "codec/inner.ts": "tests/codec/a_test.ts",
    "codec/far.ts": "tests/codec/a_test.ts",
    "codec/gone.ts": "tests/codec/a_test.ts",
    "codec/_b.ts": "tests/codec/b_test.ts",
    "sinks/sqlite/": "tests/sinks/sqlite_test.ts",
    "sinks/jsonl/": "tests/sinks/jsonl_test.ts",
  };
  assertEquals(untested([...files, types], tests, through), [
    "tests/codec/a_test.ts does not reach codec/far.ts",
    "codec/gone.ts is named, but is not there",
    "tests/sinks/sqlite_test.ts does not reach sinks/sqlite/y.ts",
    "sinks/jsonl/ is to be tested through tests/sinks/jsonl_test.ts, " +
    "which is not there",
    "codec/_b.ts has a test of its own, and is named besides",
    "codec/none.ts has no test",
  ]);
  assertEquals([...files, types].filter(isDeclaration), [types]);
});

Deno.test("tooLong and missingLessons find what they are named after", () => {
  const long = readSourceText("a.ts", "\n".repeat(351));
  const fair = readSourceText("b.ts", "\n".repeat(350));
  assertEquals(tooLong([long, fair]), ["a.ts has 351 lines"]);
  const test = readSourceText(
    "tests/a_test.ts",
    'Deno.test("lesson 2: b", f); const rule = { name: "lesson 4: d" };',
  );
  assertEquals(missingLessons([test], 5), [1, 3, 5]);
});
