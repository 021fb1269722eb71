import { assertEquals, assertThrows } from "@std/assert";
import {
  publishedFiles,
  publishProblems,
} from "../../scripts/_published_files.ts";

const FILES = ["CHANGELOG.md", "LICENSE", "README.md", "deno.json"];

Deno.test("publishedFiles reads the dry run's list, relative to the package", () => {
  const output = `Check mod.ts
Checking for slow types in the public API...
Simulating publish of @example/package@1.0.0 with files:
   file:///tmp/deno.json/package/README.md (1.02KB)
   file:///tmp/deno.json/package/deno.json (733B)
   file:///tmp/deno.json/package/sub/deno.json (7B)
   file:///tmp/deno.json/package/a%20b.ts (1B)
Success Dry run complete
`;
  assertEquals(publishedFiles(output), [
    "README.md",
    "a b.ts",
    "deno.json",
    "sub/deno.json",
  ]);
});

Deno.test("publishedFiles refuses an output that lists no config", () => {
  assertThrows(() => publishedFiles("Success\n"), Error, "lists no deno.json");
});

Deno.test("publishProblems has nothing against what a user needs", () => {
  const sources = [
    "mod.ts",
    "registry.ts",
    "codec/mod.ts",
    "sinks/sqlite/_writer.ts",
    "tests/conformance/mod.ts",
  ];
  assertEquals(publishProblems([...FILES, ...sources], ["./mod.ts"]), []);
});

Deno.test("publishProblems names each file that no user needs", () => {
  const files = [
    ".ci/run",
    "bench/main.ts",
    "codec/notes.txt",
    "deno.lock",
    "links/std_assert/mod.ts",
    "tests/codec/mod_test.ts",
    "tests/conformance/suite_test.ts",
    "tests/fixtures/log.db",
  ];
  assertEquals(
    publishProblems([...FILES, ...files], []),
    files.map((file) => `${file} would be published, but no user needs it`),
  );
});

Deno.test("publishProblems names what is missing, exports included", () => {
  assertEquals(publishProblems(FILES.slice(1), ["./mod.ts"]), [
    "CHANGELOG.md would be missing from the package",
    "mod.ts would be missing from the package",
  ]);
});
