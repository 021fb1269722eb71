import { assertEquals } from "@std/assert";
import {
  type Event,
  type EventFilter,
  type EventSink,
  MemorySink,
  serializeEvent,
  SinkError,
  type StoredEvent,
} from "../../../sinks/mod.ts";
import { drain } from "./samples.ts";

/** What came of a call, in a form that two sinks can be compared by. */
type Outcome =
  | { code: string }
  | { count: number }
  | { texts: string[]; seqs: number[] };

async function outcome(
  call: Promise<readonly StoredEvent[] | number>,
): Promise<Outcome> {
  try {
    const stored = await call;
    if (typeof stored === "number") return { count: stored };
    return {
      texts: stored.map(({ event }) => serializeEvent(event)),
      seqs: stored.map(({ seq }) => seq),
    };
  } catch (error) {
    if (!(error instanceof SinkError)) throw error;
    return { code: error.code };
  }
}

/** The part of a log that is asked for. */
export interface Range {
  /** Behind which event: 0, or the oracle's number for it. */
  readonly after?: number;
  /** How many at most. */
  readonly limit?: number;
  /** How many a stream fetches at once. */
  readonly batchSize?: number;
}

/** The sink under test and the memory sink, which is asked the same. */
export class SinkPair {
  /** What knows the answers. Its numbers are 1, 2, 3… */
  readonly oracle: MemorySink;
  /** What is tested; another one may take its place that has the same log. */
  sink: EventSink;
  /** The tested sink's number for each of the oracle's. */
  readonly #seqs: number[] = [];

  /** Takes a sink whose log is empty. */
  constructor(sink: EventSink, ctxFields: readonly string[]) {
    this.sink = sink;
    this.oracle = new MemorySink({ ctxFields });
  }

  /** How many events the log has. */
  get length(): number {
    return this.#seqs.length;
  }

  /** Appends single events to both, without waiting in between. */
  async append(events: readonly Event[]): Promise<void> {
    const one = (sink: EventSink) =>
      events.map((event) =>
        outcome(sink.append(event).then((stored) => [stored]))
      );
    const known = this.length;
    const expected = await Promise.all(one(this.oracle));
    const found = await Promise.all(one(this.sink));
    for (const [n, each] of expected.entries()) {
      this.#note(known, each, found[n]!);
      this.#compare(found[n]!, each, `${n + 1} of ${events.length} appended`);
    }
  }

  /** Appends a batch to both. */
  async appendAll(events: readonly Event[]): Promise<void> {
    const known = this.length;
    const expected = await outcome(this.oracle.appendAll(events));
    const found = await outcome(this.sink.appendAll(events));
    this.#note(known, expected, found);
    this.#compare(found, expected, `a batch of ${events.length} appended`);
  }

  /** Queries both. */
  async query(filter: EventFilter, range: Range = {}): Promise<void> {
    const { after = 0, limit } = range;
    const options = limit === undefined ? {} : { limit };
    const afterSeq = this.#seqOf(after);
    this.#compare(
      await outcome(this.sink.query(filter, { ...options, afterSeq })),
      await outcome(this.oracle.query(filter, { ...options, afterSeq: after })),
      "query",
    );
  }

  /** Streams from both. */
  async stream(filter: EventFilter, range: Range = {}): Promise<void> {
    const { after = 0, batchSize } = range;
    const options = batchSize === undefined ? {} : { batchSize };
    const afterSeq = this.#seqOf(after);
    this.#compare(
      await outcome(drain(this.sink.stream(filter, { ...options, afterSeq }))),
      await outcome(drain(this.oracle.stream(filter, { afterSeq: after }))),
      "stream",
    );
  }

  /** Counts in both. */
  async count(filter: EventFilter): Promise<void> {
    this.#compare(
      await outcome(this.sink.count(filter)),
      await outcome(this.oracle.count(filter)),
      "count",
    );
  }

  /**
   * Follows the tested sink while something is done to both, and compares what
   * the stream gives with what the oracle has in the end.
   *
   * @param soon Waits for what must come soon, and fails when it does not.
   */
  async follow(
    filter: EventFilter,
    { after = 0, batchSize }: Range,
    meanwhile: () => Promise<void>,
    soon: <T>(what: string, promise: Promise<T>) => Promise<T>,
  ): Promise<void> {
    const options = batchSize === undefined ? {} : { batchSize };
    const afterSeq = this.#seqOf(after);
    const end = new AbortController();
    const { signal } = end;
    const iterator = this.sink
      .stream(filter, { ...options, afterSeq, follow: true, signal })
      [Symbol.asyncIterator]();
    let next = iterator.next();
    // It is awaited further down, where its failure is compared, too.
    next.catch(() => {});
    await meanwhile();
    const expected = await outcome(
      drain(this.oracle.stream(filter, { afterSeq: after })),
    );
    const wanted = "seqs" in expected ? expected.seqs.length : 1;
    const found = await outcome((async () => {
      const stored: StoredEvent[] = [];
      while (stored.length < wanted) {
        const { done, value } = await soon("a stream that follows", next);
        if (done) break;
        stored.push(value);
        next = iterator.next();
      }
      return stored;
    })());
    // By now it waits for an event that is not to come.
    end.abort();
    await soon("the end of a stream that follows", next.catch(() => {}));
    this.#compare(found, expected, "follow");
  }

  #seqOf(after: number): number {
    return after === 0 ? 0 : this.#seqs[after - 1]!;
  }

  #note(known: number, expected: Outcome, found: Outcome): void {
    if (!("seqs" in expected && "seqs" in found)) return;
    for (const [n, seq] of expected.seqs.entries()) {
      if (seq > known) this.#seqs[seq - 1] = found.seqs[n]!;
    }
  }

  #compare(found: Outcome, expected: Outcome, what: string): void {
    const translated = "seqs" in expected
      ? { ...expected, seqs: expected.seqs.map((seq) => this.#seqOf(seq)) }
      : expected;
    assertEquals(found, translated, what);
  }
}
