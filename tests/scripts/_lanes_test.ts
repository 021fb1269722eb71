import { assertEquals } from "@std/assert";
import { lanesOf } from "../../scripts/_lanes.ts";

const TEST = ["test", "-RWE", "--allow-ffi", "--allow-run", "--allow-net"];
const WAITING = ["tests/a/", "tests/b/"];
const REST = ["--ignore=tests/a/,tests/b/", "tests/"];

Deno.test("lanesOf makes two lanes, the second of what is not in the first", () => {
  assertEquals(lanesOf([], WAITING), [
    [...TEST, ...WAITING],
    [...TEST, ...REST],
  ]);
});

Deno.test("lanesOf makes one lane where no test waits", () => {
  assertEquals(lanesOf(["--trace-leaks"], []), [
    [...TEST, "tests/", "--trace-leaks"],
  ]);
});

Deno.test("lanesOf passes arguments on to both lanes, with all that they are for", () => {
  for (
    const args of [
      ["--filter", "run"],
      ["--filter=run", "--fail-fast"],
      ["--", "tests/x_test.ts"],
      ["--seed", "1", "--reporter", "dot", "--", "--filter", "a"],
    ]
  ) {
    assertEquals(lanesOf(args, WAITING), [
      [...TEST, ...WAITING, ...args],
      [...TEST, ...REST, ...args],
    ]);
  }
});

Deno.test("lanesOf makes one lane of the paths that it is given", () => {
  for (
    const args of [
      ["tests/x_test.ts"],
      ["--filter", "run", "tests/a/", "tests/c/"],
      ["--filter=run", "tests/a/", "--junit-path=r.xml"],
      ["--fail-fast", "tests/a/", "--", "word"],
    ]
  ) {
    assertEquals(lanesOf(args, WAITING), [[...TEST, ...args]]);
  }
});

Deno.test("lanesOf gives each lane a report of its own", () => {
  for (
    const [given, first, second] of [
      ["r.xml", "r-waiting.xml", "r-others.xml"],
      ["a.b/r", "a.b/r-waiting", "a.b/r-others"],
      ["./r.1.xml", "./r.1-waiting.xml", "./r.1-others.xml"],
      ["-", "-", "-"],
    ] as const
  ) {
    assertEquals(lanesOf(["--junit-path", given], WAITING), [
      [...TEST, ...WAITING, "--junit-path", first],
      [...TEST, ...REST, "--junit-path", second],
    ]);
    assertEquals(lanesOf([`--junit-path=${given}`], WAITING), [
      [...TEST, ...WAITING, `--junit-path=${first}`],
      [...TEST, ...REST, `--junit-path=${second}`],
    ]);
    // What is for the tests is theirs.
    assertEquals(lanesOf(["--", "--junit-path", given], WAITING), [
      [...TEST, ...WAITING, "--", "--junit-path", given],
      [...TEST, ...REST, "--", "--junit-path", given],
    ]);
  }
});
