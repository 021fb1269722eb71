import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";

const SCRIPT = new URL("../../scripts/ok.ts", import.meta.url).href;

/** A package that the gate has nothing against. */
const FILES: Record<string, string> = {
  "deno.json": JSON.stringify({
    name: "@example/package",
    version: "1.0.0",
    license: "MIT",
    exports: { ".": "./mod.ts" },
    tasks: {
      "demo": "deno run mod.ts",
      "test": "deno test",
      "doc-test": "deno test --doc mod.ts",
      "publish:check": "deno publish --dry-run --allow-dirty",
      "containers:check": "exit 0",
    },
    fmt: { include: ["*.ts"] },
  }),
  "README.md": "```sh\ndeno task demo\ndeno task test\n```\n",
  "mod.ts": `/**
 * One.
 *
 * @example
 * \`\`\`ts
 * import { one } from "@example/package";
 *
 * if (one !== 1) throw new Error("not one");
 * \`\`\`
 */
export const one: number = 1;
`,
  "mod_test.ts": `import { one } from "./mod.ts";

Deno.test("one is 1", () => {
  if (one !== 1) throw new Error("not one");
});
Deno.test({ name: "skipped", ignore: true, fn() {} });
`,
};

async function runGate(
  changes: Record<string, string>,
): Promise<{ code: number; ending: string; told: string }> {
  const dir = await Deno.realPath(await Deno.makeTempDir());
  try {
    for (const [path, text] of Object.entries({ ...FILES, ...changes })) {
      await Deno.writeTextFile(`${dir}/${path}`, text);
    }
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-config", "--allow-read", "--allow-run", SCRIPT],
      cwd: dir,
      stderr: "null",
    }).output();
    const text = new TextDecoder().decode(stdout).trimEnd();
    const ending = text.split("\n").slice(-2).join("; ");
    // What is said again of what failed.
    const [, ...failed] = text.split("\nfailed: ");
    return { code, ending, told: failed.join("\n") };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** The config, with another end of the look at the engine. */
function withLook(exit: string): Record<string, string> {
  return { "deno.json": FILES["deno.json"]!.replace("exit 0", exit) };
}

Deno.test("ok passes a sound package, skips what cannot be looked at, and ends in the count", async () => {
  // Five checks, the demo, one test and one example.
  assertEquals(await runGate(withLook("exit 77")), {
    code: 0,
    ending: "2 skipped; 8 passed, 0 failed",
    told: "",
  });
});

Deno.test("ok fails on a failing test, and counts it beside the rest", async () => {
  const { code, ending, told } = await runGate({
    "other_test.ts": `Deno.test("fails", () => {
  throw new Error("as it should");
});
`,
  });
  assertEquals(code, 1);
  // Beside those, the look at the engine, which finds that nothing is left.
  assertEquals(ending, "1 skipped; 9 passed, 1 failed");
  assertMatch(told, /^deno task test\n/);
  assertStringIncludes(told, "error: Error: as it should");
});

Deno.test("ok counts every kind of step that fails, and runs them all", async () => {
  const { code, ending, told } = await runGate({
    ...withLook("exit 1"),
    // Not formatted, unused, without a type and without documentation.
    "mod.ts": `const unused = 1
export const one = Math.random();
`,
    // Leaves nothing for the tests to pass, and no program for the demo.
    "mod_test.ts": `throw new Error("not loaded");\n`,
    "README.md": "```sh\nno-such-program\ndeno task test\n```\n",
  });
  assertEquals(code, 1);
  // Only the type check passes.
  assertEquals(ending.split("; ")[1], "1 passed, 8 failed");
  // From both outputs: the linter's findings, and an error of a test's file.
  assertStringIncludes(told, "no-unused-vars");
  assertStringIncludes(told, "Error: not loaded");
});
