// One copy of a log: batches of the source are verified, appended, compared with
// what the target says it holds, and only then told as done.
import { setImmediate } from "node:timers/promises";
import { ROWS_AT_A_TIME } from "./_audit_batches.ts";
import { compareCopy } from "./_compare_copy.ts";
import { type CopiedTrace, CopiedTraces } from "./_copied_traces.ts";
import type { CopyReport } from "./copy_log.ts";
import { CopyStop, stoppedBy } from "./_copy_stop.ts";
import { CopyTarget } from "./_copy_target.ts";
import type { Event, StoredEvent } from "./event.ts";
import type { EventSink } from "./event_sink.ts";
import { isLinked } from "./hash_chain.ts";
import { readSealed } from "./_sealed_event.ts";
import { SinkError } from "./sink_error.ts";
import {
  sourceBatches,
  type SourceEvent,
  unreadable,
} from "./_source_batches.ts";
import type { Report } from "./_trace_check.ts";

/** The options of a copy, checked. */
export interface CopySettings {
  readonly resumeFrom: number;
  readonly key: Uint8Array | undefined;
  readonly batchSize: number;
  readonly tracesMax: number;
  readonly signal: AbortSignal | undefined;
  readonly onProgress:
    | ((soFar: CopyReport) => void | Promise<void>)
    | undefined;
}

/** An event that is as its chain says. */
interface Verified extends SourceEvent {
  readonly trace: CopiedTrace;
  /** The target's copy, where it was seen before appending. */
  readonly held: StoredEvent | undefined;
}

/** A report that is being counted. */
type Counts = { -readonly [Name in keyof CopyReport]: CopyReport[Name] };

const MIXED =
  "Events of its trace before it have no chain in the source, and " +
  "a sink links what it appends, so a trace that is linked from its middle on " +
  "cannot be copied event by event. Copy the log's file (SqliteSink has " +
  "backup); copyLog may go on with that copy";
const UNSOUND =
  "A log that is wrong is not copied: verifyLog tells all that is " +
  "wrong with the source; copy from a backup, or keep it as it is";
const LATE = ". If nothing is, less was copied than resumeFrom says: give an " +
  "earlier one, or none";

/** A copy on its way. */
export class LogCopy {
  readonly #from: EventSink;
  readonly #settings: CopySettings;
  readonly #target: CopyTarget;
  readonly #traces: CopiedTraces;
  #report: CopyReport;
  /** The last event of the source that was looked at. */
  #sourceSeq: number;
  /** The highest seq that the target has for an event of the source. */
  #targetSeq = 0;
  #unbroken = 0;

  constructor(from: EventSink, to: EventSink, settings: CopySettings) {
    const { resumeFrom, tracesMax, signal } = settings;
    const isResumed = resumeFrom > 0;
    this.#from = from;
    this.#settings = settings;
    this.#sourceSeq = resumeFrom;
    this.#traces = new CopiedTraces(tracesMax, isResumed, {
      before: (event) => this.#target.before(event),
      firstOf: (trace_id) => this.#firstOf(trace_id),
    });
    this.#target = new CopyTarget(to, {
      signal,
      note: isResumed ? (event) => this.#traces.note(event) : undefined,
    });
    const counts = { events: 0, copied: 0, present: 0, linked: 0, moved: 0 };
    this.#report = { seq: resumeFrom, ...counts };
  }

  /** Copies until the end of the source is reached. */
  async run(): Promise<CopyReport> {
    const { resumeFrom, batchSize, signal } = this.#settings;
    signal?.throwIfAborted();
    try {
      await this.#lookedAt(this.#target.open());
      const batches = sourceBatches(this.#from, {
        afterSeq: resumeFrom,
        batchSize,
        ...signal && { signal },
      });
      for await (const batch of batches) await this.#copy(batch);
      signal?.throwIfAborted();
      return this.#report;
    } catch (error) {
      if (!(error instanceof CopyStop)) throw error;
      // A signal's reason is anything, an error of a sink included.
      if (signal?.aborted && error.cause === signal.reason) throw signal.reason;
      throw error.told(this.#report.seq);
    } finally {
      await this.#target.close();
    }
  }

  async #copy(batch: readonly SourceEvent[]): Promise<void> {
    const verified: Verified[] = [];
    for (const item of batch) verified.push(await this.#verify(item));
    this.#settings.signal?.throwIfAborted();
    const missing = verified.filter(({ held }) => held === undefined);
    const appended = (await this.#append(missing)).values();
    const counts = { ...this.#report };
    for (const item of verified) {
      this.#settle(item, item.held ?? appended.next().value, counts);
    }
    counts.seq = this.#sourceSeq;
    this.#report = counts;
    this.#traces.trim();
    await this.#settings.onProgress?.({ ...counts });
    this.#unbroken += batch.length;
    // Two sinks that answer at once would keep timers and other work waiting.
    if (this.#unbroken >= ROWS_AT_A_TIME) {
      this.#unbroken = 0;
      await setImmediate();
    }
  }

  async #verify(item: SourceEvent): Promise<Verified> {
    const { stored: { seq, event }, text } = item;
    const { event_id } = event;
    const held = this.#target.isScanned
      ? await this.#lookedAt(this.#target.find(event_id))
      : undefined;
    if (seq <= this.#sourceSeq) {
      const found = `the source gives event ${event_id} at seq ${seq} behind ` +
        `seq ${this.#sourceSeq}`;
      throw new CopyStop("broken_link", found, {
        todo: UNSOUND,
        seq,
        event_id,
      });
    }
    this.#sourceSeq = seq;
    const known = this.#traces.of(event);
    const trace = known instanceof Promise
      ? await this.#lookedAt(known)
      : known;
    trace.check.follow(readSealed(text), seq, this.#settings.key, this.#refuse);
    if (trace.isLinkedAnew && isLinked(event)) throw mixed(event, seq);
    return { ...item, trace, held };
  }

  readonly #refuse: Report = (code, message, { seq, event_id }) => {
    const mayBeLate = code === "broken_link" && this.#settings.resumeFrom > 0;
    throw new CopyStop("broken_link", message, {
      todo: mayBeLate ? UNSOUND + LATE : UNSOUND,
      seq,
      event_id: event_id ?? undefined,
    });
  };

  async #append(items: readonly Verified[]): Promise<StoredEvent[]> {
    try {
      return await this.#target.append(items.map(({ stored }) => stored.event));
    } catch (error) {
      if (!(error instanceof SinkError)) throw error;
      const refused = items.find(({ stored }) =>
        stored.event.event_id === error.event_id
      );
      const seq = refused?.stored.seq;
      const isMixed = error.code === "broken_link" && refused !== undefined &&
        (refused.trace.isLinkedAnew || refused.trace.check.unlinked > 0);
      const what = refused === undefined
        ? `the target refused the events from seq ${items[0]!.stored.seq} to ` +
          `seq ${items.at(-1)!.stored.seq}`
        : `the target refused event ${error.event_id} at seq ${seq}`;
      const todo = isMixed ? MIXED : "See to what the target says of it";
      throw stoppedBy(error, what, { todo, seq });
    }
  }

  /** Compares an event with what the target holds of it, and counts it. */
  #settle(
    { stored: { seq, event }, text, trace }: Verified,
    copy: StoredEvent | undefined,
    counts: Counts,
  ): void {
    compareCopy(event, seq, text, copy);
    counts.events++;
    if (copy.seq > this.#target.lastSeq) {
      counts.copied++;
      this.#target.lastSeq = copy.seq;
    } else counts.present++;
    if (copy.seq < this.#targetSeq) counts.moved++;
    else this.#targetSeq = copy.seq;
    // A copy of an old file holds its events as they are, without a chain.
    if (copy.event.hash === null) return;
    if (!isLinked(event)) {
      counts.linked++;
      trace.isLinkedAnew = true;
    } else if (trace.isLinkedAnew) throw mixed(event, seq);
  }

  async #firstOf(trace_id: string): Promise<Event | undefined> {
    try {
      const [first] = await this.#from.query({ trace_id }, { limit: 1 });
      return first?.event;
    } catch (error) {
      throw unreadable(error, 0);
    }
  }

  /** What reading the target brings, or why it cannot be read. */
  async #lookedAt<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await work;
    } catch (error) {
      throw stoppedBy(error, "the target cannot be looked at", {
        todo: "See that the target is open and can be read to its end",
      });
    }
  }
}

function mixed({ event_id }: Event, seq: number): CopyStop {
  const found = `event ${event_id} at seq ${seq} begins its trace's chain in ` +
    "the source, and the target has linked what is before it";
  return new CopyStop("broken_link", found, { todo: MIXED, seq, event_id });
}
