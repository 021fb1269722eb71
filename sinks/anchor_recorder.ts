import type { Anchor } from "./anchor.ts";
import type { StoredEvent } from "./event.ts";
import type { EventSink } from "./event_sink.ts";
import { Mutex } from "./jsonl/_mutex.ts";
import { countOption } from "./_read_options.ts";

/** After how many events of a trace an anchor is taken, when not told. */
export const ANCHOR_EVERY_EVENTS_DEFAULT = 1_000;
/** Of how many traces a recorder remembers the count, when not told. */
export const RECORDED_TRACES_MAX_DEFAULT = 4_096;

/** Where anchors go: a {@linkcode JsonlAnchor}, or anything of its shape. */
export interface AnchorStore {
  /** Keeps anchors; resolves when they are safe. */
  append(...anchors: Anchor[]): Promise<void>;
}

/** Options of {@linkcode AnchorRecorder}. */
export interface AnchorRecorderOptions {
  /**
   * After how many events of a trace to take an anchor of it.
   * @default {1_000}
   */
  readonly everyEvents?: number;
  /**
   * Of how many traces to remember how far they are. A trace that has to make
   * room is anchored first, and counted in the log again when it goes on. At
   * most 65,536.
   * @default {4_096}
   */
  readonly tracesMax?: number;
}

/** How far a trace has come. */
interface Progress {
  count: number;
  seq: number;
  head: string | null;
  /** How many events came since the last anchor. */
  unanchored: number;
}

/**
 * Takes anchors while a run goes on: of each trace every so many events, and of
 * all of them at the end. Use it as a destination of an {@linkcode EventBus}.
 *
 * What it has not been told of, such as events from before it or of another
 * process, it counts in the log. It closes neither the log nor the store.
 *
 * @example Anchors of everything that is published
 * ```ts
 * import {
 *   type Anchor,
 *   AnchorRecorder,
 *   createEvent,
 *   EventBus,
 *   MemorySink,
 *   verifyLog,
 * } from "@zu/backends/sinks";
 * import { assertEquals } from "@std/assert";
 *
 * await using sink = new MemorySink();
 * // Use `new JsonlAnchor(path)` for anchors that are still there tomorrow.
 * const anchors: Anchor[] = [];
 * const store = {
 *   append: (...taken: Anchor[]) => Promise.resolve(void anchors.push(...taken)),
 * };
 * {
 *   await using recorder = new AnchorRecorder(sink, store);
 *   await using bus = new EventBus(sink);
 *   bus.addDestination("anchors", (stored) => recorder.record(stored));
 *   await bus.publish(createEvent({
 *     trace_id: "0190163d-8694-739b-aea5-966c26f8ad90",
 *     task_id: "0190163d-8694-739b-aea5-966c26f8ad91",
 *     type: "harness.task.started",
 *     source: "loop",
 *   }));
 * }
 * assertEquals(anchors.length, 1);
 * assertEquals((await verifyLog(sink, { anchors })).violations, []);
 * ```
 */
export class AnchorRecorder implements AsyncDisposable {
  readonly #sink: EventSink;
  readonly #store: AnchorStore;
  readonly #everyEvents: number;
  readonly #tracesMax: number;
  readonly #mutex = new Mutex();
  /** By trace, the one that was longest without an event first. */
  readonly #traces = new Map<string, Progress>();

  /**
   * Makes a recorder that knows of no trace yet.
   *
   * @param sink The log that the events are in.
   * @param store Where anchors go.
   * @param options How often, and how many traces.
   * @throws {RangeError} If an option is no integer or out of range.
   */
  constructor(
    sink: EventSink,
    store: AnchorStore,
    options: AnchorRecorderOptions = {},
  ) {
    this.#sink = sink;
    this.#store = store;
    this.#everyEvents = countOption("everyEvents", options.everyEvents, {
      min: 1,
      max: Number.MAX_SAFE_INTEGER,
      default: ANCHOR_EVERY_EVENTS_DEFAULT,
    });
    this.#tracesMax = countOption("tracesMax", options.tracesMax, {
      min: 1,
      max: 65_536,
      default: RECORDED_TRACES_MAX_DEFAULT,
    });
  }

  /**
   * Counts a stored event, and takes an anchor if it is time for one.
   *
   * @param stored The event as the log returned it.
   * @throws What the store or the log throws; the next event tries again.
   */
  record(stored: StoredEvent): Promise<void> {
    return this.#mutex.run(async () => {
      const { trace_id } = stored.event;
      const progress = await this.#advance(stored);
      this.#traces.delete(trace_id);
      this.#traces.set(trace_id, progress);
      if (progress.unanchored >= this.#everyEvents) {
        await this.#anchor([trace_id]);
      }
      while (this.#traces.size > this.#tracesMax) {
        const [oldest] = this.#traces.keys();
        await this.#anchor([oldest!]);
        this.#traces.delete(oldest!);
      }
    });
  }

  /**
   * Takes an anchor of every trace that has grown since its last one.
   *
   * @throws What the store throws; calling again tries again.
   */
  flush(): Promise<void> {
    return this.#mutex.run(() => this.#anchor([...this.#traces.keys()]));
  }

  /** Takes the last anchors at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.flush();
  }

  /** How far the trace is with this event. */
  async #advance({ seq, event }: StoredEvent): Promise<Progress> {
    const { trace_id, hash: head } = event;
    const known = this.#traces.get(trace_id) ??
      { count: 0, seq: 0, head: null, unanchored: 0 };
    // An event that was published again has been counted.
    if (seq <= known.seq) return known;
    const isNext = known.seq > 0 && event.prev_hash === known.head;
    const more = isNext ? 1 : await this.#count(trace_id, known.seq, seq);
    return {
      count: known.count + more,
      seq,
      head,
      unanchored: known.unanchored + 1,
    };
  }

  /** How many events of a trace stand behind one place and up to another. */
  async #count(
    trace_id: string,
    afterSeq: number,
    upTo: number,
  ): Promise<number> {
    let count = 0;
    for await (const { seq } of this.#sink.stream({ trace_id }, { afterSeq })) {
      if (seq > upTo) break;
      count++;
    }
    return count;
  }

  async #anchor(traces: readonly string[]): Promise<void> {
    const anchors: Anchor[] = [];
    for (const trace_id of traces) {
      const { unanchored, count, head } = this.#traces.get(trace_id)!;
      if (unanchored > 0 && head !== null) {
        anchors.push({ trace_id, seq: count, head });
      }
    }
    if (anchors.length === 0) return;
    await this.#store.append(...anchors);
    for (const trace_id of traces) {
      this.#traces.get(trace_id)!.unanchored = 0;
    }
  }
}
