import { assertEquals } from "@std/assert";
import { lanesOf, saysWhatToCheck } from "../../scripts/_lanes.ts";

const TEST = ["test", "-RWE", "--allow-ffi", "--allow-run", "--allow-net"];
const FIRST = ["tests/a/", "tests/b/"];
const SECOND = ["tests/c/"];
const REST = ["--ignore=tests/a/,tests/b/,tests/c/", "tests/"];
const NAMED = { first: FIRST, second: SECOND };

Deno.test("lanesOf makes one lane more than have names, of what is in none of them", () => {
  assertEquals(lanesOf([], NAMED), [
    [...TEST, ...FIRST],
    [...TEST, ...SECOND],
    [...TEST, ...REST],
  ]);
});

Deno.test("lanesOf makes no lane without tests", () => {
  assertEquals(lanesOf(["--trace-leaks"], { first: [], second: [] }), [
    [...TEST, "tests/", "--trace-leaks"],
  ]);
  assertEquals(lanesOf([], { first: [], second: SECOND }), [
    [...TEST, ...SECOND],
    [...TEST, "--ignore=tests/c/", "tests/"],
  ]);
});

Deno.test("lanesOf passes arguments on to each lane, with all that they are for", () => {
  for (
    const args of [
      ["--filter", "run"],
      ["--filter=run", "--fail-fast"],
      ["--", "tests/x_test.ts"],
      ["--seed", "1", "--reporter", "dot", "--", "--filter", "a"],
    ]
  ) {
    assertEquals(lanesOf(args, NAMED), [
      [...TEST, ...FIRST, ...args],
      [...TEST, ...SECOND, ...args],
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
    assertEquals(lanesOf(args, NAMED), [[...TEST, ...args]]);
  }
});

Deno.test("lanesOf gives each lane a report of its own", () => {
  for (
    const [given, reports] of [
      ["r.xml", ["r-first.xml", "r-second.xml", "r-others.xml"]],
      ["a.b/r", ["a.b/r-first", "a.b/r-second", "a.b/r-others"]],
      ["./r.1.xml", [
        "./r.1-first.xml",
        "./r.1-second.xml",
        "./r.1-others.xml",
      ]],
      ["-", ["-", "-", "-"]],
    ] as const
  ) {
    const lanes = [FIRST, SECOND, REST].map((paths) => [...TEST, ...paths]);
    assertEquals(
      lanesOf(["--junit-path", given], NAMED),
      lanes.map((lane, i) => [...lane, "--junit-path", reports[i]]),
    );
    assertEquals(
      lanesOf([`--junit-path=${given}`], NAMED),
      lanes.map((lane, i) => [...lane, `--junit-path=${reports[i]}`]),
    );
    // What is for the tests is theirs.
    assertEquals(
      lanesOf(["--", "--junit-path", given], NAMED),
      lanes.map((lane) => [...lane, "--", "--junit-path", given]),
    );
  }
});

Deno.test("saysWhatToCheck looks at the arguments of deno test alone", () => {
  for (const arg of ["--no-check", "--check", "--no-check=remote"]) {
    assertEquals(saysWhatToCheck(["--filter", "a", arg]), true, arg);
    assertEquals(saysWhatToCheck(["--filter", "a", "--", arg]), false, arg);
  }
  assertEquals(saysWhatToCheck([]), false);
  assertEquals(saysWhatToCheck(["--checks"]), false);
});
