import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  parseFlags,
  REPEAT_MAX,
  UsageError,
} from "../../../examples/demo/flags.ts";

Deno.test("parseFlags has a default for everything", async () => {
  const { in: input, ...others } = parseFlags([]);
  assertStringIncludes(await Deno.readTextFile(input), '"event_id":');
  assertEquals(others, {
    out: "demo-out",
    sink: undefined,
    driver: "auto",
    repeat: 1,
    sandbox: true,
    help: false,
  });
});

Deno.test("parseFlags takes every flag", () => {
  const args = ["--in", "a", "--out=b", "--driver", "ffi", "--repeat", "7"];
  const sink = "--sink=postgres://a@b/c";
  assertEquals(parseFlags([...args, sink, "--no-sandbox", "--help"]), {
    in: "a",
    out: "b",
    sink: "postgres://a@b/c",
    driver: "ffi",
    repeat: 7,
    sandbox: false,
    help: true,
  });
});

Deno.test("parseFlags refuses what it does not know, and says which", () => {
  const wrong: [string[], string][] = [
    [["--bogus"], "--bogus"],
    [["run.jsonl"], "run.jsonl"],
    [["--driver", "sqlite3"], '"sqlite3"'],
    [["--sink", "mysql://a"], "--sink"],
    [["--sink="], "--sink"],
    [["--in="], "--in"],
    [["--out="], "--out"],
    [["--sandbox"], "--sandbox"],
    [["--no-sandbox=1"], "--no-sandbox"],
    [["--repeat"], "--repeat"],
    ...["0", "-1", "1.5", "1e3", "", `${REPEAT_MAX + 1}`].map(
      (value): [string[], string] => [[`--repeat=${value}`], `"${value}"`],
    ),
  ];
  for (const [args, part] of wrong) {
    assertThrows(() => parseFlags(args), UsageError, part);
  }
});
