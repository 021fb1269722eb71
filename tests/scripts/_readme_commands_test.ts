import { assertEquals, assertThrows } from "@std/assert";
import { readmeCommands } from "../../scripts/_readme_commands.ts";

Deno.test("readmeCommands returns the lines of the first sh block as words", () => {
  const markdown = "# Title\n\n```ts\nlet a;\n```\n\n```sh\n" +
    "npx --yes tool@1 task demo  # two minutes\n\nnpx --yes tool@1 task test\n" +
    "```\n\n```sh\nrm file\n```\n";
  assertEquals(readmeCommands(markdown), [
    ["npx", "--yes", "tool@1", "task", "demo"],
    ["npx", "--yes", "tool@1", "task", "test"],
  ]);
});

Deno.test("readmeCommands refuses a README without commands", () => {
  assertThrows(
    () => readmeCommands("```ts\nlet a;\n```\n"),
    Error,
    "it has no sh block",
  );
});

Deno.test("readmeCommands refuses a line that only a shell could run", () => {
  for (const line of ["a && b", "a | b", "a > b", "echo $HOME", "echo 'a b'"]) {
    assertThrows(
      () => readmeCommands(`\`\`\`sh\n${line}\n\`\`\`\n`),
      Error,
      "it needs a shell",
    );
  }
});

Deno.test("README's commands are the demo and the tests, by the Deno that CI runs", async () => {
  const root = new URL("../../", import.meta.url);
  const read = (path: string): Promise<string> =>
    Deno.readTextFile(new URL(path, root));
  const commands = readmeCommands(await read("README.md"));
  assertEquals(commands.map((words) => words.slice(3).join(" ")), [
    "task demo",
    "task test",
  ]);
  const versions = new Set<string>();
  for (const path of ["README.md", "CONTRIBUTING.md", ".ci/run"]) {
    const found = (await read(path)).match(/\bdeno@\d+\.\d+\.\d+/g) ?? [];
    for (const version of found) versions.add(version);
  }
  assertEquals(versions.size, 1, `versions named: ${[...versions]}`);
});
