import { assert, assertEquals } from "@std/assert";
import { Pace } from "../../../sinks/postgres/pace.ts";

/** A process that takes a share of each stretch of time. */
class Process {
  nowMs = 0;
  cpuMs = 0;
  readonly pace: Pace = new Pace(() => this.nowMs, () => this.cpuMs);

  pass(ms: number, share: number): boolean {
    this.nowMs += ms;
    this.cpuMs += ms * share;
    return this.pace.overlaps();
  }
}

Deno.test("Pace has groups overlap before it has seen for long enough", () => {
  const process = new Process();
  assertEquals(process.pace.overlaps(), true);
  assertEquals(process.pass(99, 0), true);
});

Deno.test("Pace has the groups of a busy process overlap, and not those of one that waits", () => {
  const process = new Process();
  assertEquals(process.pass(100, 0.3), false);
  assertEquals(process.pass(100, 0.6), true);
  assertEquals(process.pass(1_000, 0.3), false);
  // More than one core: the process has threads.
  assertEquals(process.pass(100, 1.8), true);
});

Deno.test("Pace looks at stretches of time, not at moments", () => {
  const process = new Process();
  process.pass(100, 0.1);
  assertEquals(process.pass(50, 1), false);
  assertEquals(process.pass(50, 0.1), true, "0.55 of a core in all");
});

Deno.test("Pace goes by what this process takes if it is not told otherwise", () => {
  let nowMs = 0;
  const pace = new Pace(() => nowMs);
  nowMs = 1e9;
  assertEquals(pace.overlaps(), false, "nobody has taken so much time");
  assert(nowMs > performance.now());
});
