import { assert, assertEquals } from "@std/assert";
import { isAuditable, MemorySink, verifyLog } from "../../sinks/mod.ts";
import { AuditableFake, auditRow, chain } from "./_chains.ts";

Deno.test("isAuditable tells a sink with an audit method from one without", async () => {
  await using plain = new MemorySink();
  assert(!isAuditable(plain));
  await using auditable = new AuditableFake([]);
  assert(isAuditable(auditable));
});

Deno.test("verifyLog reads an auditable sink's rows and not its events", async () => {
  const [first] = chain(1, 1);
  await using sink = new AuditableFake([auditRow(first!, 1)]);
  const report = await verifyLog(sink);
  assertEquals([report.events, sink.reads, sink.open], [1, 1, 0]);
  assertEquals(await sink.count(), 0);
});

Deno.test("verifyLog does without columns, a side index and orphans", async () => {
  const events = chain(1, 2);
  const rows = events.map((event, i) => {
    const { seq, text } = auditRow(event, i + 1);
    return { seq, text: text! };
  });
  const sink = new AuditableFake(rows);
  Object.defineProperty(sink, "auditOrphans", { value: undefined });
  assertEquals((await verifyLog(sink)).violations, []);
});
