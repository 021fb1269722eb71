import { assertEquals, assertStringIncludes } from "@std/assert";
import { MemorySink, type StoredEvent } from "@zu/backends/sinks";
import { checkEgress } from "../../../examples/demo/egress_check.ts";
import { SandboxTrace } from "../../../examples/demo/sandbox_trace.ts";
import { ATTEMPTS, EGRESS_USE, recordEgressUse, USE } from "./_sandbox_use.ts";

async function recorded(): Promise<readonly StoredEvent[]> {
  await using log = new MemorySink();
  const trace = new SandboxTrace((event) => log.append(event));
  await recordEgressUse(trace);
  return trace.published;
}

Deno.test("checkEgress holds where everything was tried, answered and recorded as it should be", async () => {
  const checks = checkEgress(EGRESS_USE, await recorded());
  assertEquals(checks.map(({ problem }) => problem), [undefined]);
  assertEquals(checkEgress(USE, []), []);
});

Deno.test("checkEgress names what came out otherwise", async () => {
  const published = await recorded();
  const { egress } = EGRESS_USE;
  const [first, second, ...rest] = ATTEMPTS;
  const wrong: [Partial<typeof egress>, string][] = [
    [{ attempts: [] }, "its attempts"],
    [{ attempts: [second!, first!, ...rest] }, "its attempts"],
    [{ attempts: [...ATTEMPTS, first!] }, "its attempts"],
    [
      { attempts: [first!, { ...second!, allowed: true }, ...rest] },
      "its attempts",
    ],
    [
      { attempts: [{ ...first!, bytes_in: 1 }, second!, ...rest] },
      "what is recorded",
    ],
    [{ asked: ["/menu", "/menu"] }, "what the server was asked for"],
    [{ asked: [] }, "what the server was asked for"],
  ];
  for (const [changes, part] of wrong) {
    const use = { ...EGRESS_USE, egress: { ...egress, ...changes } };
    const [check] = checkEgress(use, published);
    assertStringIncludes(check?.problem ?? "no problem", part);
  }
  const [unanswered] = checkEgress({ ...EGRESS_USE, calls: [] }, published);
  assertStringIncludes(unanswered?.problem ?? "no problem", "its answers");
});

Deno.test("checkEgress misses an attempt that the log has not, or has twice", async () => {
  const published = await recorded();
  const isAttempt = ({ event }: StoredEvent) =>
    event.type === "data.egress.attempted";
  const attempt = published.find(isAttempt)!;
  for (
    const others of [
      published.filter((stored) => stored !== attempt),
      [...published, attempt],
      published.toReversed(),
    ]
  ) {
    const [check] = checkEgress(EGRESS_USE, others);
    assertStringIncludes(check?.problem ?? "no problem", "what is recorded");
  }
});
