import { assert, assertEquals } from "@std/assert";
import { ByteBudget } from "../../../backends/egress/byte_budget.ts";
import { OpenAttempt } from "../../../backends/egress/open_attempt.ts";

function newAttempt(bytesMax?: number): OpenAttempt {
  return new OpenAttempt(new ByteBudget(bytesMax));
}

Deno.test("lesson 39: OpenAttempt records an attempt of which nothing is known", () => {
  const before = Date.now();
  const record = newAttempt().record("box");
  const { ts, duration_ms, ...rest } = record;
  assertEquals(rest, {
    sandbox: "box",
    host: null,
    port: null,
    ip: null,
    scheme: null,
    bytes_out: 0,
    bytes_in: 0,
    allowed: false,
    reason: "closed",
  });
  assert(Object.isFrozen(record));
  assert(ts.endsWith("Z") && Math.abs(Date.parse(ts) - before) < 5000, ts);
  assert(duration_ms >= 0 && duration_ms < 5000, String(duration_ms));
  // What has no method has no such field, not an undefined one.
  assertEquals("method" in record, false);
});

Deno.test("OpenAttempt records what was asked for, or else what was guessed", () => {
  const attempt = newAttempt();
  attempt.guess({ host: "x".repeat(300), port: 1, scheme: "http" });
  attempt.guess({ method: "GET" });
  const guessed = attempt.record("box");
  assertEquals(guessed.host, "x".repeat(253));
  assertEquals([guessed.port, guessed.scheme, guessed.method], [
    1,
    "http",
    "GET",
  ]);
  attempt.asked = { host: "a", port: 2, scheme: "connect", method: "CONNECT" };
  assertEquals(attempt.record("box").scheme, "https");
  attempt.carries = "tcp";
  const { host, port, scheme, method } = attempt.record("box");
  assertEquals([host, port, scheme, method], ["a", 2, "tcp", "CONNECT"]);
});

Deno.test("OpenAttempt comes out as was said first", () => {
  const attempt = newAttempt();
  attempt.settle("mismatch");
  attempt.cut("ended");
  assertEquals([attempt.reason, attempt.signal.aborted], ["mismatch", true]);
});

Deno.test("OpenAttempt is cut by the first byte too many, which does not count", () => {
  const attempt = newAttempt(10);
  assertEquals([attempt.countOut(4), attempt.countIn(6)], [true, true]);
  assertEquals([attempt.countOut(0), attempt.signal.aborted], [true, false]);
  assertEquals([attempt.countIn(1), attempt.signal.aborted], [false, true]);
  const { bytes_out, bytes_in, reason } = attempt.record("box");
  assertEquals([bytes_out, bytes_in, reason], [4, 6, "bytes_max"]);
});

Deno.test("ByteBudget is shared, and one who takes too much gets nothing and leaves nothing", () => {
  const budget = new ByteBudget(10);
  const [one, other] = [new OpenAttempt(budget), new OpenAttempt(budget)];
  assertEquals([one.countIn(9), budget.isSpent], [true, false]);
  assertEquals([other.countIn(2), budget.isSpent], [false, true]);
  assertEquals([one.countIn(1), budget.isSpent], [false, true]);
  const unlimited = new ByteBudget(undefined);
  assertEquals(unlimited.take(Number.MAX_SAFE_INTEGER), true);
  assertEquals([unlimited.take(1), unlimited.isSpent], [true, false]);
});
