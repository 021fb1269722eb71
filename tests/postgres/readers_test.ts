import { assert, assertEquals } from "@std/assert";
import type { PostgresSink } from "../../sinks/postgres_sink.ts";
import { Random, sized } from "../crash/_form.ts";
import { Ledger } from "../crash/_ledger.ts";
import { reportRow } from "../crash/_report.ts";
import { startAppending } from "./_child.ts";
import { Follower } from "./_follower.ts";
import { openLog, seqsOf, storedSeqs } from "./_log.ts";
import { postgresTest, withDatabase } from "./_postgres.ts";
import { appendSlowly } from "./_raw_append.ts";
import { Session } from "./_session.ts";

const PROCESSES = 2;
const SLOW_WRITERS = 3;
const EVENTS_A_PROCESS = sized(300, 10_000);
/** Far from those of the processes. */
const SLOW_TRACES = 1_000_000;

/** Reads on behind what it has seen, until it has seen all there will be. */
async function readOn(
  next: (afterSeq: number) => Promise<number[]>,
  isOver: () => boolean,
): Promise<number[]> {
  const seqs: number[] = [];
  for (;;) {
    const wasOver = isOver();
    const found = await next(seqs.at(-1) ?? 0);
    seqs.push(...found);
    if (wasOver && found.length === 0) return seqs;
  }
}

function pageOf(sink: PostgresSink) {
  return async (afterSeq: number) =>
    seqsOf(await sink.query({}, { afterSeq, limit: 50 }));
}

function restOf(sink: PostgresSink) {
  return async (afterSeq: number) =>
    seqsOf(await Array.fromAsync(sink.stream({}, { afterSeq, batchSize: 20 })));
}

/** Reads as one does who trusts that places become visible in their order. */
function trusting(session: Session) {
  return async (afterSeq: number) => {
    const rows = await session.ask(
      "SELECT seq FROM zu.events WHERE seq > $1 ORDER BY seq LIMIT 50",
      [afterSeq],
    );
    return rows.map(({ seq }) => Number(seq));
  };
}

postgresTest(
  "PostgresSink shows each reader the final log, in order, while processes and slow transactions append",
  () =>
    withDatabase(async (url) => {
      const random = Random.of("readers");
      await using sink = await openLog(url);
      await using session = new Session(url);
      let isOver = false;
      const over = () => isOver;
      const readers = [pageOf(sink), restOf(sink), trusting(session)];
      const reading = Promise.all(readers.map((next) => readOn(next, over)));
      const follower = new Follower(sink);
      const children = Array.from(
        { length: PROCESSES },
        () => startAppending(url, { seed: random.int(0, 2 ** 31) }),
      );
      let isEnough = false;
      const appending = Promise.all(
        Array.from({ length: SLOW_WRITERS }, (_, n) =>
          appendSlowly(url, {
            random,
            firstTrace: SLOW_TRACES * (n + 1),
            isOver: () => isEnough,
          })),
      );
      for (const child of children) {
        await child.reached("ack", EVENTS_A_PROCESS);
      }
      isEnough = true;
      const slow = (await appending).reduce((sum, count) => sum + count);
      for (const child of children) await child.stop();
      isOver = true;

      const stored = await storedSeqs(url);
      const [paged, streamed, trusted] = await reading;
      assertEquals(paged, stored);
      assertEquals(streamed, stored);
      await follower.endLike(stored);
      const ledger = new Ledger();
      for (const child of children) ledger.add(child.acknowledged);
      const { events } = await ledger.check(sink, { isAtomic: true });
      assertEquals(events, ledger.size + slow);
      const lost = stored.length - trusted!.length;
      assert(lost > 0, "others would have lost some");
      reportRow("readers", events, slow, lost);
    }),
);
