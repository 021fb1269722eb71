import { assertEquals } from "@std/assert";
import { showEgress } from "../../../examples/demo/show_egress.ts";
import { printed } from "./_printed.ts";
import { ATTEMPTS } from "./_sandbox_use.ts";

Deno.test("showEgress is one line where there was none, whatever it is told", async () => {
  const lines = await printed(() => showEgress({ why: "first\nsecond\n" }));
  assertEquals(lines, ["", "  No scoped egress: first second "]);
});

Deno.test("showEgress has a line an attempt, also for one that nothing is known of", async () => {
  const { method: _, ...unknown } = ATTEMPTS.at(-1)!;
  const attempts = [ATTEMPTS[0]!, { ...unknown, scheme: null }];
  const lines = await printed(() =>
    showEgress({ granted: "api.example.com:40123", attempts, asked: [] })
  );
  assertEquals(lines.slice(-3), [
    "  asked for                  allowed  reason     sent  received",
    "  GET api.example.com:40123  yes      closed       88       145",
    "  ? (no host)                no       malformed     0         0",
  ]);
});
