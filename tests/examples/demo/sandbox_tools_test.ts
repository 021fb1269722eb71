import { assertEquals, assertThrows } from "@std/assert";
import { fetchCall } from "../../../examples/demo/egress_trials.ts";
import { CALLS, TOOLS } from "../../../examples/demo/sandbox_tools.ts";

/** Runs a tool here, where there is a shell, too. */
async function run(name: string, args: Record<string, unknown>) {
  const [program, ...rest] = TOOLS[name]!(args);
  const { stdout } = await new Deno.Command(program!, { args: rest }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test({
  name: "word_count counts any text, and takes none of it for commands",
  ignore: Deno.build.os === "windows",
  async fn() {
    for (
      const [text, words] of [
        ["", 0],
        ["one", 1],
        ["  one\ttwo\nthree  ", 3],
        ["-c", 1],
        ["%d %s", 2],
        ["$(exit 1) `exit 1` \"'", 5],
      ] as const
    ) {
      const characters = text.length;
      assertEquals(await run("word_count", { text }), { words, characters });
    }
  },
});

Deno.test("the tools refuse arguments that are none of theirs", () => {
  const { word_count, wait, fetch } = TOOLS;
  for (const text of [undefined, null, 1, ["a"]]) {
    assertThrows(() => word_count!({ text }), TypeError, "text");
  }
  for (const seconds of [undefined, "1", -1, 1.5, 3_601, NaN]) {
    assertThrows(() => wait!({ seconds }), TypeError, "seconds");
  }
  for (const urls of [undefined, "http://a/", [1], ["-O"], ["file:///a"]]) {
    assertThrows(() => fetch!({ urls }), TypeError, "urls");
  }
});

Deno.test("the demo's calls are of tools that there are, with arguments of theirs", () => {
  for (const { name, args } of [...CALLS, fetchCall("a.example:80")]) {
    assertEquals(TOOLS[name]?.(args)[0], "sh");
  }
});
