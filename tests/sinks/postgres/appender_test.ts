import { assertEquals } from "@std/assert";
import { setImmediate } from "node:timers/promises";
import { IdentityCodec } from "../../../codec/mod.ts";
import { createEvent } from "../../../sinks/mod.ts";
import type { AppendLane } from "../../../sinks/postgres/append_lane.ts";
import { Appender } from "../../../sinks/postgres/appender.ts";
import { Pace } from "../../../sinks/postgres/pace.ts";
import { RowCodec } from "../../../sinks/rows/row_codec.ts";
import { OF } from "../_samples.ts";

const LIMITS = { eventBytesMax: 1e6, codecTimeoutMs: 1e4 };
const LANES = 4;

/** A process that takes this share of a core. */
function paceOf(share: number): Pace {
  let nowMs = 0;
  const pace = new Pace(() => nowMs, () => nowMs * share);
  nowMs = 1000;
  return pace;
}

/**
 * Appends events at once, and tells how many each group has that is on its way before
 * any of them is stored.
 */
async function groupsOf(
  traces: readonly string[],
  share: number,
): Promise<number[]> {
  const groups: number[] = [];
  const stored = Promise.withResolvers<void>();
  let isStored = false;
  let seq = 0;
  const append: AppendLane["append"] = async ({ blobs }, onDrawn) => {
    const firstSeq = seq + 1;
    seq += blobs.lengths.length;
    if (!isStored) groups.push(blobs.lengths.length);
    onDrawn(firstSeq);
    await stored.promise;
    const durability = { synchronousCommit: "on", synchronousStandbys: "" };
    return { kind: "committed", firstSeq, durability };
  };
  const appender = new Appender({
    lanes: Array.from({ length: LANES }, () => ({ append }) as AppendLane),
    pace: paceOf(share),
    codec: new RowCodec(new IdentityCodec(), [], LIMITS),
    signKey: undefined,
    ctxFields: [],
    queueMax: 10_000,
    headsMax: 10_000,
    answerTimeoutMs: 1_000,
    reconnectMs: 1_000,
    ask: () => Promise.resolve([{ found: 0 }]),
    onStored: () => {},
  });
  const appends = traces.map((trace_id) =>
    appender.submit([createEvent({ ...OF, trace_id })])
  );
  let turns = 0;
  // Each group takes a few turns of promises, and none of the loop.
  while (turns++ < 20) await setImmediate();
  isStored = true;
  stored.resolve();
  const seqs = (await Promise.all(appends)).map(([event]) => event!.seq);
  assertEquals(seqs, traces.map((_, n) => n + 1));
  await appender.drained();
  return groups;
}

const sameTrace = (count: number) =>
  Array.from({ length: count }, () => OF.trace_id);

Deno.test("Appender sends half of those who wait where the process is busy", async () => {
  assertEquals(await groupsOf(sameTrace(64), 0.9), [32, 32]);
});

Deno.test("Appender sends all who wait in one group where the process waits itself", async () => {
  assertEquals(await groupsOf(sameTrace(64), 0.1), [64]);
});

Deno.test("Appender takes no more traces into a group than are locked one by one, and has the others overlap", async () => {
  const traces = Array.from({ length: 200 }, () => crypto.randomUUID());
  assertEquals(await groupsOf(traces, 0.1), [64, 64]);
});
