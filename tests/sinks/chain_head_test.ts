import { assertEquals, assertThrows } from "@std/assert";
import { chainHead, linkEvent, MemorySink } from "../../sinks/mod.ts";
import { chain, event, id } from "./_chains.ts";

Deno.test("chainHead is the number of events and the last one's hash", async () => {
  await using sink = new MemorySink();
  for (let i = 0; i < 3; i++) await sink.append(event(1));
  const stored = await sink.query();
  const head = stored.at(-1)!.event.hash!;
  assertEquals(chainHead(stored), { trace_id: id(1), seq: 3, head });
  assertEquals(chainHead([event(1), linkEvent(event(1), null)])?.seq, 2);
});

Deno.test("chainHead is undefined where there is no hash, and refuses two traces", () => {
  assertEquals(chainHead([]), undefined);
  assertEquals(chainHead([event(1)]), undefined);
  const two = [...chain(1, 1), ...chain(2, 1)];
  assertThrows(() => chainHead(two), TypeError, "several traces");
});
