import { assertEquals } from "@std/assert";
import { createEvent, type Event } from "@zu/backends/sinks";
import { countEvents, withoutCounts } from "../../../examples/demo/counts.ts";

const [A, B] = [crypto.randomUUID(), crypto.randomUUID()];

function event(trace_id: string, type: string): Event {
  const task_id = crypto.randomUUID();
  return createEvent({ trace_id, task_id, type, source: "test" });
}

Deno.test("withoutCounts leaves what others are not part of", async () => {
  const ours = [event(A, "data.page"), event(A, "data.record")];
  const others = [event(B, "data.page"), event(B, "data.other")];
  const all = await countEvents([...ours, ...others]);
  const left = withoutCounts(all, await countEvents(others));
  assertEquals(left, await countEvents(ours));
  assertEquals(withoutCounts(all, await countEvents([])), all);
});
