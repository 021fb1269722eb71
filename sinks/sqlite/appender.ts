// Group commit: every append that arrives while a commit runs shares the next
// one. Events are linked and encoded here, on the caller's thread, against heads
// that the writer proves fresh inside its transaction.
import { ctxTerms } from "../event_filter.ts";
import type { Event, StoredEvent } from "../event.ts";
import { linkBatch, type Placed } from "../link_batch.ts";
import { SinkError } from "../sink_error.ts";
import { Heads } from "./heads.ts";
import type { StoredRows, WriteOutcome } from "./messages.ts";
import type { DecodedRow, RowCodec } from "./row_codec.ts";
import type { Thread } from "./thread.ts";

/** How many events go into one transaction, unless one appendAll has more. */
const GROUP_EVENTS_MAX = 512;
/** How long the write lock is kept for a batch that had to be linked again. */
const LOCK_LEASE_MS = 10_000;
/** How often a batch is linked again before the sink gives up on it. */
const ATTEMPTS_MAX = 8;

/** What the appender works with. */
export interface AppenderOptions {
  readonly writer: () => Promise<Thread>;
  readonly codec: RowCodec;
  readonly signKey: Uint8Array | undefined;
  readonly ctxFields: readonly string[];
  readonly queueMax: number;
  readonly headsMax: number;
  /** Called after each commit, before its appends resolve. */
  readonly onCommit: () => void;
}

/** A stored event whose seq is known once it is committed. */
type Pending = { seq: number; readonly event: Event };

/** One call of append or appendAll. */
interface Unit {
  readonly events: readonly Event[];
  readonly resolve: (stored: StoredEvent[]) => void;
  readonly reject: (error: unknown) => void;
}

/** A unit that is linked and will be written. */
interface PlacedUnit {
  readonly unit: Unit;
  readonly stored: StoredEvent[];
}

/** What is known of ids that a batch found in the log. */
type Known = Map<string, StoredEvent | SinkError>;

/** Queues appends and commits them in groups. */
export class Appender {
  readonly #options: AppenderOptions;
  readonly #heads: Heads;
  #queue: Unit[] = [];
  #queued = 0;
  #running: Promise<void> | undefined;
  #lastSeq = 0;

  constructor(options: AppenderOptions) {
    this.#options = options;
    this.#heads = new Heads(options.headsMax);
  }

  /** The last seq that this sink has committed, 0 before the first. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Queues events that are to be stored together or not at all. */
  submit(events: readonly Event[]): Promise<StoredEvent[]> {
    const { queueMax } = this.#options;
    if (this.#queued > 0 && this.#queued + events.length > queueMax) {
      throw new SinkError(
        "overloaded",
        `Cannot append: ${this.#queued} events wait to be written, and queueMax ` +
          `is ${queueMax}. Await appends before making more`,
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<StoredEvent[]>();
    this.#queue.push({ events, resolve, reject });
    this.#queued += events.length;
    this.#running ??= this.#run();
    return promise;
  }

  /** Resolves when nothing is queued or being written. */
  async drained(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // Appends of the same turn of the event loop share the first commit.
    await undefined;
    while (this.#queue.length > 0) await this.#commit(this.#takeGroup());
    this.#running = undefined;
  }

  #takeGroup(): Unit[] {
    let events = 0;
    let end = 0;
    while (end < this.#queue.length) {
      events += this.#queue[end]!.events.length;
      if (end > 0 && events > GROUP_EVENTS_MAX) break;
      end++;
    }
    return this.#queue.splice(0, end);
  }

  async #commit(group: Unit[]): Promise<void> {
    try {
      await this.#write(group);
    } catch (error) {
      for (const unit of group) unit.reject(error);
      // What the failed batch had made of the heads is not to be trusted.
      this.#heads.forget(traceIds(group));
    } finally {
      for (const unit of group) this.#queued -= unit.events.length;
      this.#heads.trim();
    }
  }

  async #write(group: readonly Unit[]): Promise<void> {
    const writer = await this.#options.writer();
    const known: Known = new Map();
    let units = group;
    let locked = false;
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      if (locked) await writer.call("lock", "append", LOCK_LEASE_MS);
      let outcome: WriteOutcome | undefined;
      try {
        await this.#loadHeads(writer, traceIds(units));
        const placed = this.#place(units, known);
        units = placed.map(({ unit }) => unit);
        outcome = await this.#send(writer, placed);
      } finally {
        if (locked && outcome === undefined) {
          await writer.call("unlock", "append");
        }
      }
      if (outcome === undefined || outcome.kind === "committed") return;
      if (outcome.kind === "duplicate") {
        await this.#learn(known, outcome.rows);
      } else {
        this.#heads.forget(traceIds(units));
        locked = true;
      }
    }
    throw new SinkError(
      "locked",
      `Cannot append: other writers came first ${ATTEMPTS_MAX} times. Try again`,
    );
  }

  /** Reads the heads that are not remembered, past rows that are not readable. */
  async #loadHeads(writer: Thread, trace_ids: Set<string>): Promise<void> {
    const missing = [...trace_ids].filter((id) => !this.#heads.get(id));
    if (missing.length === 0) return;
    const { epoch, found, rows } = await writer.call("heads", "append", {
      trace_ids: missing,
    });
    const decoded = await this.#options.codec.decode(rows);
    for (const [i, trace_id] of missing.entries()) {
      let row = decoded[found[i]!];
      const seq = row?.seq ?? 0;
      while (row !== undefined && "error" in row) {
        row = await this.#rowBefore(writer, trace_id, row.seq);
      }
      const hash = row === undefined ? null : row.event.hash;
      this.#heads.set(trace_id, { hash, seq, epoch });
    }
  }

  async #rowBefore(
    writer: Thread,
    trace_id: string,
    before: number,
  ): Promise<DecodedRow | undefined> {
    const { rows } = await writer.call("heads", "append", {
      trace_ids: [trace_id],
      before,
    });
    return (await this.#options.codec.decode(rows))[0];
  }

  /** Links each unit, and rejects those that do not fit the log. */
  #place(units: readonly Unit[], known: Known): PlacedUnit[] {
    const heads = new Map<string, string | null>();
    const pending = new Map<string, Pending>();
    const placed: PlacedUnit[] = [];
    for (const unit of units) {
      try {
        const places = linkBatch(unit.events, {
          stored(id) {
            const found = known.get(id) ?? pending.get(id);
            if (found instanceof SinkError) throw found;
            return found;
          },
          head: (id) => heads.get(id) ?? this.#heads.get(id)!.hash,
        }, this.#options.signKey);
        placed.push({ unit, stored: settle(places, pending, heads) });
      } catch (error) {
        unit.reject(error);
      }
    }
    return placed;
  }

  /** Sends what is new of the units; resolves them once it is committed. */
  async #send(
    writer: Thread,
    placed: readonly PlacedUnit[],
  ): Promise<WriteOutcome | undefined> {
    const added = new Set<Pending>();
    for (const { stored } of placed) {
      for (const row of stored as Pending[]) if (row.seq === 0) added.add(row);
    }
    const rows = [...added];
    if (rows.length === 0) {
      for (const { unit, stored } of placed) unit.resolve(stored);
      return undefined;
    }
    const events = rows.map(({ event }) => event);
    const heads = new Map(events.map((event) => [event.trace_id, event.hash]));
    const outcome = await writer.call("write", "append", {
      columns: events.flatMap(columnsOf),
      blobs: await this.#options.codec.encode(events),
      ctx: events.flatMap((event) => this.#ctxRows(event)),
      proofs: this.#heads.proofs(heads.keys()),
    });
    if (outcome.kind !== "committed") return outcome;
    const { lastSeq, epoch } = outcome;
    // AUTOINCREMENT numbers the rows of one transaction without a gap.
    for (const [i, row] of rows.entries()) {
      row.seq = lastSeq - rows.length + 1 + i;
      Object.freeze(row);
      const { trace_id, hash } = row.event;
      this.#heads.set(trace_id, { hash, seq: row.seq, epoch });
    }
    this.#lastSeq = lastSeq;
    this.#options.onCommit();
    for (const { unit, stored } of placed) unit.resolve(stored);
    return outcome;
  }

  #ctxRows(event: Event): [string, string, string | null][] {
    return ctxTerms(event, this.#options.ctxFields).map(
      ({ field, value }) => [event.event_id, field, value],
    );
  }

  async #learn(known: Known, rows: StoredRows): Promise<void> {
    const decoded = await this.#options.codec.decode(rows);
    for (const row of decoded) {
      if ("event" in row) known.set(row.event.event_id, Object.freeze(row));
      else if (row.error.event_id) known.set(row.error.event_id, row.error);
      else throw row.error;
    }
  }
}

/** Turns places into stored events, and notes what the next unit builds on. */
function settle(
  places: readonly Placed[],
  pending: Map<string, Pending>,
  heads: Map<string, string | null>,
): StoredEvent[] {
  const stored: StoredEvent[] = [];
  for (const place of places) {
    if (place.kind === "stored") stored.push(place.stored);
    else if (place.kind === "repeat") stored.push(stored[place.of]!);
    else {
      const row: Pending = { seq: 0, event: place.event };
      pending.set(row.event.event_id, row);
      heads.set(row.event.trace_id, row.event.hash);
      stored.push(row);
    }
  }
  return stored;
}

function columnsOf(event: Event): (string | null)[] {
  return [
    event.event_id,
    event.trace_id,
    event.task_id,
    event.parent_id,
    event.type,
    event.source,
  ];
}

function traceIds(units: readonly Unit[]): Set<string> {
  return new Set(
    units.flatMap(({ events }) => events.map(({ trace_id }) => trace_id)),
  );
}
