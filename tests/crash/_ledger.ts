import { assert, assertEquals } from "@std/assert";
import {
  type AuditableSink,
  type StoredEvent,
  verifyLog,
} from "../../sinks/mod.ts";
import { BATCH } from "./_workload.ts";

/** What an acknowledgement says of an event. */
export interface Acknowledged {
  /** The event's id. */
  readonly id: string;
  /** Its number in the log. */
  readonly seq: number;
  /** Its digest: of all of its content, and of what came before it. */
  readonly hash: string;
}

/** What an append resolved with, as the ledger has it. */
export function acknowledgedAs({ seq, event }: StoredEvent): Acknowledged {
  return { id: event.event_id, seq, hash: event.hash! };
}

/** Everything that a log has ever acknowledged, over all of its lives. */
export class Ledger {
  readonly #byId = new Map<string, Acknowledged>();
  readonly #idBySeq = new Map<number, string>();

  /** Takes acknowledgements in: none contradicts another. */
  add(events: Iterable<Acknowledged>): void {
    for (const each of events) {
      assertEquals(this.#byId.get(each.id) ?? each, each);
      const owner = this.#idBySeq.get(each.seq) ?? each.id;
      assertEquals(owner, each.id, `seq ${each.seq} was given twice`);
      this.#byId.set(each.id, each);
      this.#idBySeq.set(each.seq, each.id);
    }
  }

  /** How many events were acknowledged. */
  get size(): number {
    return this.#byId.size;
  }

  /** What was acknowledged, in the order in which it was. */
  get acknowledged(): IteratorObject<Acknowledged> {
    return this.#byId.values();
  }

  /**
   * Asserts that an undamaged log holds all that it ever acknowledged, under the
   * same number and with the same content, and nothing twice; and that every
   * trace's chain verifies. An equal digest is equal content, since verifyLog
   * computes every digest anew.
   *
   * @returns How many events the log holds, and the last one's number.
   */
  async check(
    sink: AuditableSink,
    { isAtomic }: {
      /** Whether the events of an appendAll are there all or none. */
      readonly isAtomic: boolean;
    },
  ): Promise<{ events: number; lastSeq: number }> {
    const found = new Map<string, Acknowledged>();
    const batches = new Map<string, number>();
    let lastSeq = 0;
    for await (const stored of sink.stream()) {
      const each = acknowledgedAs(stored);
      assert(!found.has(each.id), `${each.id} is there twice`);
      assert(each.seq > lastSeq, `seq ${each.seq} comes behind ${lastSeq}`);
      lastSeq = each.seq;
      found.set(each.id, each);
      const { batch } = stored.event.payload;
      if (typeof batch === "string") {
        batches.set(batch, (batches.get(batch) ?? 0) + 1);
      }
    }
    for (const each of this.acknowledged) {
      assertEquals(found.get(each.id), each, `what was acknowledged is there`);
    }
    if (isAtomic) {
      for (const count of batches.values()) assertEquals(count, BATCH);
    }
    const report = await verifyLog(sink);
    assertEquals(report.violations, []);
    assertEquals([report.unlinked, report.events], [0, found.size]);
    return { events: found.size, lastSeq };
  }
}
