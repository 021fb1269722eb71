import { assertEquals } from "@std/assert";
import { ending, failedTests } from "../../scripts/_failures.ts";

/** What `deno test` prints of two failed tests, a step and a failed file. */
const RUN = `running 3 tests from ./a_test.ts
foo does what ... FAILED (1ms)

 ERRORS 

foo does what => ./a_test.ts:1:6
error: Error: boom

b => ./b_test.ts:1:6
is not the next one
    at file:///a_test.ts:1:42

b => ./b_test.ts:1:6
error: TypeError: x
    at file:///b_test.ts:3:86

./c_test.ts (uncaught error)
error: Error: uncaught

 FAILURES 

foo does what => ./a_test.ts:1:6
b => ./b_test.ts:1:6
./c_test.ts (uncaught error)

FAILED | 1 passed | 4 failed (1 step) (368ms)
`;

Deno.test("failedTests names what failed, each with its error", () => {
  const failed = [
    `foo does what => ./a_test.ts:1:6
error: Error: boom

b => ./b_test.ts:1:6
is not the next one
    at file:///a_test.ts:1:42`,
    `b => ./b_test.ts:1:6
error: TypeError: x
    at file:///b_test.ts:3:86`,
    `./c_test.ts (uncaught error)
error: Error: uncaught`,
  ];
  assertEquals(failedTests(RUN), failed);
  // A test of this very script prints another run.
  assertEquals(failedTests(`${RUN.replaceAll("foo", "bar")}\n${RUN}`), failed);
  assertEquals(
    failedTests(RUN.replaceAll(" FAILURES ", "\x1b[31m FAILURES \x1b[0m")),
    failed,
  );
});

Deno.test("failedTests names a test whose error is not in the output's end", () => {
  assertEquals(
    failedTests(RUN.slice(RUN.indexOf("error: TypeError"))).slice(0, 2),
    ["foo does what => ./a_test.ts:1:6", "b => ./b_test.ts:1:6"],
  );
});

Deno.test("failedTests cuts a long error, by lines and by length", () => {
  for (const long of ["line\n".repeat(50), "x".repeat(5000)]) {
    const [foo, b] = failedTests(RUN.replace("boom", `boom ${long}`));
    const [start, where] = foo!.split("\n[…]\n") as [string, string];
    assertEquals(start.length <= 800, true, foo);
    assertEquals(where, "    at file:///a_test.ts:1:42");
    assertEquals(b!.endsWith("b_test.ts:3:86"), true, b);
  }
});

Deno.test("failedTests finds none where all passed, or nothing ran", () => {
  for (const output of ["", "ok | 1 passed | 0 failed (1ms)\n", "error: no"]) {
    assertEquals(failedTests(output), []);
  }
});

Deno.test("ending keeps whole lines of the end, without colours", () => {
  assertEquals(ending("\x1b[31mone\x1b[0m\ntwo\n"), "one\ntwo");
  const lines = Array.from({ length: 500 }, (_, i) => `line ${i}`);
  const [sign, first, ...rest] = ending(lines.join("\n")).split("\n");
  assertEquals([sign, first], ["[…]", `line ${499 - rest.length}`]);
  assertEquals(rest.at(-1), "line 499");
  assertEquals(ending(""), "");
});
