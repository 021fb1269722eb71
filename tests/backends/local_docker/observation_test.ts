import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { RunResult } from "../../../backends/mod.ts";
import { observationOf } from "../../../backends/local_docker/observation.ts";

function result(stdout: string, more: Partial<RunResult> = {}): RunResult {
  return {
    outcome: "exited",
    exitCode: 0,
    signal: null,
    cleanup: "none",
    survivors: 0,
    durationMs: 1,
    stdout: new TextEncoder().encode(stdout),
    stderr: new Uint8Array(0),
    dropped: { stdout: 0, stderr: 0 },
    ...more,
  };
}

Deno.test("observationOf returns the object that a tool printed", () => {
  const page = { status: 404, html: "<p>", nested: { list: [1, null] } };
  assertEquals(observationOf("t", result(JSON.stringify(page)), 1), page);
  assertEquals(observationOf("t", result('\n {"a":1}\n\n'), 1), {
    status: 200,
    a: 1,
  });
});

Deno.test("lesson 29: observationOf passes nothing off as an object that is none", () => {
  const texts = ["", "null", "[]", '"a"', "1", "{", "{}{}", '{"status":"200"}'];
  for (const text of [...texts, '{"status":1.5}', '{"status":null}']) {
    const observation = observationOf("t", result(text), 1);
    assertEquals([observation.status, observation.raw], [500, text]);
    assert(typeof observation.error === "string");
  }
  const long = observationOf("t", result("x".repeat(5_000)), 1);
  assertEquals((long.raw as string).length, 2_000);
  const cut = { dropped: { stdout: 1, stderr: 0 } };
  assertEquals(observationOf("t", result('{"a":1}', cut), 1).status, 500);
});

Deno.test("observationOf tells failures in the shape of a rendered page", () => {
  const stderr = new TextEncoder().encode(`why\n${"x".repeat(1_000)}`);
  const failed = observationOf("t", result("", { exitCode: 3, stderr }), 1);
  assertEquals([failed.status, failed.html], [500, ""]);
  assert(failed.error!.startsWith("t failed (exit 3): why"));
  assert(failed.error!.length < 600);
  assertEquals(
    observationOf("t", result("", { outcome: "timeout", exitCode: null }), 9),
    { status: 504, html: "", error: "t timed out after 9 ms" },
  );
  assertEquals(
    observationOf("t", result("", { outcome: "oom", exitCode: 137 }), 9).error,
    "t ran out of memory",
  );
});

Deno.test("observationOf returns an object with a whole status, whatever is printed", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
    const observation = observationOf("t", result(text), 1);
    assert(Number.isInteger(observation.status));
  }));
});
