// Where each trace has come to in a copy, in bounded memory. What is not known,
// since the copy was resumed or the trace forgotten, is asked of the target: its
// trace is the source's as copied so far.
import type { Event } from "./event.ts";
import { isLinked } from "./hash_chain.ts";
import { RecentMap } from "./_recent_map.ts";
import { TraceCheck } from "./_trace_check.ts";

/** Where a trace has come to. */
export class CopiedTrace {
  /** What its next event is held to. */
  readonly check: TraceCheck;
  /** Whether the target has linked events that have no chain in the source. */
  isLinkedAnew: boolean;

  constructor(head: string | null, isLinkedAnew = false) {
    this.check = new TraceCheck(head);
    this.isLinkedAnew = isLinkedAnew;
  }
}

/** A trace in the target, up to somewhere. */
export interface TraceBefore {
  /** Its last hash, `null` where there is none. */
  readonly head: string | null;
  /** Whether its first event has no chain, as in a copy of an old file. */
  readonly beginsUnlinked: boolean;
}

/** What is asked of the two logs. */
export interface TraceQuestions {
  /** The target's trace before an event, or all of it if that is not there. */
  readonly before: (event: Event) => Promise<TraceBefore>;
  /** The first event of a trace in the source. */
  readonly firstOf: (trace_id: string) => Promise<Event | undefined>;
}

/** The traces of a copy. */
export class CopiedTraces {
  /** A head alone is what the target was seen to have before the copy began. */
  readonly #known: RecentMap<CopiedTrace | string | null>;
  readonly #isResumed: boolean;
  readonly #ask: TraceQuestions;

  constructor(tracesMax: number, isResumed: boolean, ask: TraceQuestions) {
    const [seed] = crypto.getRandomValues(new Int32Array(1));
    this.#known = new RecentMap(tracesMax, seed!);
    this.#isResumed = isResumed;
    this.#ask = ask;
  }

  /** Takes in an event that the target had before the copy was resumed. */
  note({ trace_id, hash }: Event): void {
    this.#known.set(trace_id, hash);
    this.#known.trim();
  }

  /** The trace of the source's next event. */
  of(event: Event): CopiedTrace | Promise<CopiedTrace> {
    const known = this.#known.get(event.trace_id);
    if (known instanceof CopiedTrace) return known;
    return this.#isCertain(event, known)
      ? this.#set(event, new CopiedTrace(known ?? null))
      : this.#load(event);
  }

  /** Forgets traces, if there are too many. To be called between two batches. */
  trim(): void {
    this.#known.trim();
  }

  #isCertain(event: Event, head: string | null | undefined): boolean {
    if (head === undefined && this.#known.mayHaveForgotten(event.trace_id)) {
      return false;
    }
    if (!isLinked(event)) return (head ?? null) === null;
    // The target may have more of the trace than was copied up to here.
    return event.prev_hash === (head ?? null) || !this.#isResumed;
  }

  async #load(event: Event): Promise<CopiedTrace> {
    const { head, beginsUnlinked } = await this.#ask.before(event);
    if (head === null) return this.#set(event, new CopiedTrace(null));
    const first = await this.#ask.firstOf(event.trace_id);
    const isOld = first !== undefined && !isLinked(first);
    // Only where the target holds the old events as they are may the trace have
    // gone on with a chain.
    return isOld && (event.prev_hash === null || !beginsUnlinked)
      ? this.#set(event, new CopiedTrace(null, true))
      : this.#set(event, new CopiedTrace(head));
  }

  #set({ trace_id }: Event, trace: CopiedTrace): CopiedTrace {
    this.#known.set(trace_id, trace);
    return trace;
  }
}
