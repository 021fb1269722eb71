import { IdentityCodec } from "../../codec/mod.ts";
import { linkEvent } from "../../sinks/mod.ts";
import { appendCall } from "../../sinks/postgres/append_lane.ts";
import { RowCodec } from "../../sinks/rows/row_codec.ts";
import type { Random } from "../crash/_form.ts";
import { eventOf } from "./_log.ts";
import { Session } from "./_session.ts";

/** For how long a transaction is left open at most. */
const OPEN_MS_MAX = 30;
/** How many of them are rolled back. */
const ROLLED_BACK = 0.2;

const codec = new RowCodec(new IdentityCodec(), [], {
  eventBytesMax: 1_000_000,
  codecTimeoutMs: 1_000,
});

/**
 * Appends without a sink, in transactions that stay open for a while after they have
 * drawn their places, and some of which are rolled back.
 *
 * @param firstTrace Each event has a trace of its own, from this one on.
 * @returns How many events were committed.
 */
export async function appendSlowly(
  url: string,
  { random, firstTrace, isOver }: {
    readonly random: Random;
    readonly firstTrace: number;
    readonly isOver: () => boolean;
  },
): Promise<number> {
  await using session = new Session(url);
  let committed = 0;
  for (let trace = firstTrace; !isOver(); trace++) {
    const event = linkEvent(eventOf(trace), null);
    const { event_id, trace_id, task_id, parent_id, type, source } = event;
    const { sql, params } = appendCall({
      id: 0,
      basis: undefined,
      columns: [event_id, trace_id, task_id, parent_id, type, source],
      blobs: await codec.encode([event]),
      ctx: [],
      proofs: [{ trace_id, seq: 0, event_id: null, epoch: 0 }],
    }, "on");
    await session.ask("BEGIN");
    await session.ask(sql.replaceAll("ZU.", "zu."), params);
    // Not a wait for anything: it is how long the others are a step ahead.
    await new Promise((done) => setTimeout(done, random.int(0, OPEN_MS_MAX)));
    const isCommitted = !random.chance(ROLLED_BACK);
    await session.ask(isCommitted ? "COMMIT" : "ROLLBACK");
    if (isCommitted) committed++;
  }
  return committed;
}
