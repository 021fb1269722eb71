import { assertEquals } from "@std/assert";
import { AesGcmCodec } from "../../../codec/mod.ts";
import { SqliteSink, verifyLog } from "../../../sinks/mod.ts";
import { KEY, sample, samples, soon } from "./_helpers.ts";

// Of a hundred events, sent while the sink builds one group as another is written.
const RIVALS = {
  "behind a group on its way": [3, 80],
  "before a group that is built on it": [3, 10],
  "among its own": [60, 80],
};

for (const [where, [stored, rival]] of Object.entries(RIVALS)) {
  Deno.test(`Group does not keep the log waiting where it refuses an event ${where}`, async () => {
    await using sink = await SqliteSink.open(":memory:", {
      driver: "builtin",
      codec: new AesGcmCodec(KEY),
    });
    const payload = { text: "x".repeat(2000) };
    // After some groups the sink knows that building takes long beside writing
    // in memory, and builds the next group while one is written.
    let next = 1;
    for (let round = 0; round < 5; round++, next += 200) {
      const events = samples(200, next, { payload });
      await Promise.all(events.map((event) => sink.append(event)));
    }
    for (let round = 0; round < 5; round++, next += 100) {
      const events = samples(100, next, { payload });
      events[rival!] = sample(next + stored!);
      const results = await soon(
        "all appends",
        Promise.allSettled(events.map((event) => sink.append(event))),
      );
      const failed = results.flatMap((result, n) =>
        result.status === "rejected" ? [[n, result.reason.code]] : []
      );
      assertEquals(failed, [[rival, "duplicate_id"]]);
    }
    const { events, violations } = await verifyLog(sink);
    assertEquals([events, violations], [5 * 200 + 5 * 99, []]);
  });
}
