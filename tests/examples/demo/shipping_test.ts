import { assertEquals, assertRejects } from "@std/assert";
import { createEvent } from "@zu/backends/sinks";
import { openDemoLog } from "../../../examples/demo/demo_log.ts";
import { ship } from "../../../examples/demo/shipping.ts";

const LOG = { driver: "builtin", sink: undefined } as const;

const event = () =>
  createEvent({
    trace_id: crypto.randomUUID(),
    task_id: crypto.randomUUID(),
    type: "data.page",
    source: "render",
  });

Deno.test("ship waits for the copy and the anchors, and lets one part follow another", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await using demoLog = await openDemoLog(folder, LOG);
    for (const total of [1, 2]) {
      const destinations = await ship(demoLog, 10, async (publish) => {
        await publish(event());
      });
      assertEquals(
        destinations.map(({ name, delivered }) => [name, delivered]),
        [["copy", 1], ["anchors", 1]],
      );
      assertEquals(await demoLog.copy.count(), total);
      const anchors = await Array.fromAsync(demoLog.anchors);
      assertEquals(anchors.length, total);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("ship ships what was published before a failure, and passes that on", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await using demoLog = await openDemoLog(folder, LOG);
    await assertRejects(
      () =>
        ship(demoLog, 10, async (publish) => {
          await publish(event());
          throw new TypeError("broken");
        }),
      TypeError,
      "broken",
    );
    assertEquals(await demoLog.copy.count(), 1);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
