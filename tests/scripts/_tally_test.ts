import { assertEquals } from "@std/assert";
import {
  addTallies,
  describeTally,
  keepTail,
  SKIPPED,
  summarize,
  tallyCheck,
  tallyPart,
  tallySkippable,
  tallyTests,
} from "../../scripts/_tally.ts";

Deno.test("tallyCheck counts a command by its exit code", () => {
  assertEquals(tallyCheck(0), { passed: 1, failed: 0, skipped: 0 });
  assertEquals(tallyCheck(1), { passed: 0, failed: 1, skipped: 0 });
  assertEquals(tallyCheck(143), { passed: 0, failed: 1, skipped: 0 });
});

Deno.test("tallySkippable tells a check that was not possible by its exit code", () => {
  const skip = { passed: 0, failed: 0, skipped: 1 };
  assertEquals(tallySkippable(SKIPPED), skip);
  for (const code of [0, 1, 127]) {
    assertEquals(tallySkippable(code), tallyCheck(code));
  }
  // Any other check that ends like that has failed.
  assertEquals(tallyCheck(SKIPPED).failed, 1);
});

Deno.test("tallyTests reads each form of the summary", () => {
  for (
    const [code, line, passed, failed, skipped] of [
      [0, "ok | 1 passed | 0 failed (5ms)", 1, 0, 0],
      [0, "ok | 12 passed (1 step) | 0 failed | 6 ignored (1m2s)", 12, 0, 6],
      [1, "FAILED | 0 passed | 3 failed (2 steps) (30ms)", 0, 3, 0],
      [
        1,
        "FAILED | 7 passed (9 steps) | 2 failed (1 step) | 1 flaky | 3 ignored (2 steps) | 1 measured | 4 filtered out (1s)",
        7,
        2,
        3,
      ],
    ] as const
  ) {
    const output = `running 1 test\n\n${line}\n\nerror: Test failed\n`;
    assertEquals(tallyTests(code, output), { passed, failed, skipped }, line);
  }
});

Deno.test("tallyTests sees through colours", () => {
  const output =
    "\x1b[0m\x1b[31mFAILED\x1b[0m | 1 passed | 2 failed \x1b[38;5;245m(5ms)\x1b[0m\n";
  assertEquals(tallyTests(1, output), { passed: 1, failed: 2, skipped: 0 });
});

Deno.test("tallyTests takes the run's own summary, not one that a test printed", () => {
  const output = "ok | 9 passed | 0 failed (1ms)\nrest\n" +
    "ok | 2 passed | 0 failed (1ms)\n";
  assertEquals(tallyTests(0, output), { passed: 2, failed: 0, skipped: 0 });
});

Deno.test("tallyTests counts a run that fails without a failed test", () => {
  const failure = { passed: 0, failed: 1, skipped: 0 };
  assertEquals(tallyTests(1, "error: Type checking failed.\n"), failure);
  assertEquals(tallyTests(1, ""), failure);
  assertEquals(
    tallyTests(1, "FAILED | 4 passed | 0 failed (1ms)\n"),
    { passed: 4, failed: 1, skipped: 0 },
  );
});

Deno.test("tallyTests counts a run of no tests as a failure", () => {
  const failure = { passed: 0, failed: 1, skipped: 0 };
  assertEquals(tallyTests(0, "ok | 0 passed | 0 failed (0ms)\n"), failure);
  assertEquals(tallyTests(0, "no summary\n"), failure);
});

Deno.test("tallyPart takes a part of a run that runs no test, if it says so", () => {
  const none = "ok | 0 passed | 0 failed | 9 ignored (0ms)\n";
  assertEquals(tallyPart(0, none), { passed: 0, failed: 0, skipped: 9 });
  assertEquals(tallyPart(1, none), { passed: 0, failed: 1, skipped: 9 });
  const failure = { passed: 0, failed: 1, skipped: 0 };
  assertEquals(tallyPart(0, "no summary\n"), failure);
});

Deno.test("summarize writes a summary that tallyTests counts in place of its parts", () => {
  const parts = "ok | 9 passed | 0 failed (1ms)\n" +
    "FAILED | 2 passed | 3 failed (1ms)\n";
  for (
    const [tally, durationMs, line] of [
      [
        { passed: 12, failed: 0, skipped: 0 },
        450,
        "ok | 12 passed | 0 failed (0s)",
      ],
      [
        { passed: 11, failed: 3, skipped: 6 },
        419_600,
        "FAILED | 11 passed | 3 failed | 6 ignored (7m0s)",
      ],
    ] as const
  ) {
    assertEquals(summarize(tally, durationMs), line);
    assertEquals(tallyTests(tally.failed, `${parts}\n${line}\n`), tally);
  }
});

Deno.test("keepTail keeps the end, a summary in pieces included", () => {
  let tail = "";
  const lines = "not one\n".repeat(20_000) + "ok | 7 passed | 0 failed (1ms)\n";
  for (let at = 0; at < lines.length; at += 1_000) {
    tail = keepTail(tail, lines.slice(at, at + 1_000));
  }
  assertEquals(tail.length, 64 * 1024);
  assertEquals(tallyTests(0, tail).passed, 7);
});

Deno.test("describeTally words a sum, and names skips only where there are some", () => {
  const sum = addTallies([
    { passed: 1, failed: 0, skipped: 0 },
    { passed: 40, failed: 2, skipped: 3 },
  ]);
  assertEquals(describeTally(sum), "41 passed, 2 failed, 3 skipped");
  assertEquals(describeTally(addTallies([])), "0 passed, 0 failed");
});
