// A group of appends that shares one commit: placed behind the log, then turned
// into a batch for the writer.
import { ctxTerms } from "../event_filter.ts";
import type { Event, StoredEvent } from "../event.ts";
import { linkBatch, type Placed } from "../link_batch.ts";
import type { SinkError } from "../sink_error.ts";
import type { Heads } from "./heads.ts";
import type { WriteBatch } from "./stored_rows.ts";
import type { RowCodec } from "./row_codec.ts";

/** One call of append or appendAll. */
export interface Unit {
  readonly events: readonly Event[];
  readonly resolve: (stored: StoredEvent[]) => void;
  readonly reject: (error: unknown) => void;
}

/** A stored event whose seq is known once it is committed. */
type Row = { seq: number; readonly event: Event };

/** What is known of ids that a group found in the log. */
export type Known = Map<string, StoredEvent | SinkError>;

/** What a group is placed behind, and how it is encoded. */
export interface GroupContext {
  readonly heads: Heads;
  readonly codec: RowCodec;
  readonly signKey: Uint8Array | undefined;
  readonly ctxFields: readonly string[];
}

let lastId = 0;

/** The traces that some units append to. */
export function traceIds(units: readonly Unit[]): Set<string> {
  const ids = new Set<string>();
  for (const { events } of units) {
    for (const { trace_id } of events) ids.add(trace_id);
  }
  return ids;
}

/** A group, from the moment its heads are known. */
export class Group {
  /** Tells the writer which group another one builds on. */
  readonly id: number = ++lastId;
  readonly #context: GroupContext;
  readonly #previous: Group | undefined;
  readonly #placed: { unit: Unit; stored: StoredEvent[] }[] = [];
  readonly #refused: { unit: Unit; error: unknown }[] = [];
  readonly #rows: Row[] = [];
  readonly #byId = new Map<string, Row>();

  /**
   * Links every unit that fits behind the heads, which then include the group.
   * `previous` is a group that is on its way and expected to be committed first.
   */
  constructor(
    units: readonly Unit[],
    known: Known,
    context: GroupContext,
    previous?: Group,
  ) {
    this.#context = context;
    this.#previous = previous;
    for (const unit of units) {
      try {
        const places = linkBatch(unit.events, {
          stored: (id) => this.#stored(id, known),
          head: (trace_id) => context.heads.get(trace_id)!.hash,
        }, context.signKey);
        this.#placed.push({ unit, stored: this.#settle(places) });
      } catch (error) {
        this.#refused.push({ unit, error });
      }
    }
  }

  /** The events that the group adds to the log. */
  get size(): number {
    return this.#rows.length;
  }

  /** The last place of the events that it stores or has found stored; 0 if none. */
  get lastSeq(): number {
    let last = 0;
    for (const { stored } of this.#placed) {
      for (const { seq } of stored) last = Math.max(last, seq);
    }
    return last;
  }

  /** Whether some unit did not fit. Behind a group that may yet fail, it might. */
  get hasRefused(): boolean {
    return this.#refused.length > 0;
  }

  /** The row that the group adds for an id. */
  row(event_id: string): StoredEvent | undefined {
    return this.#byId.get(event_id);
  }

  #stored(event_id: string, known: Known): StoredEvent | undefined {
    const found = known.get(event_id);
    if (found instanceof Error) throw found;
    return found ?? this.row(event_id) ?? this.#previous?.row(event_id);
  }

  #settle(places: readonly Placed[]): StoredEvent[] {
    const stored: StoredEvent[] = [];
    for (const place of places) {
      if (place.kind === "stored") stored.push(place.stored);
      else if (place.kind === "repeat") stored.push(stored[place.of]!);
      else {
        const row: Row = { seq: 0, event: place.event };
        this.#rows.push(row);
        this.#byId.set(row.event.event_id, row);
        this.#context.heads.expect(row.event.trace_id, row.event.hash);
        stored.push(row);
      }
    }
    return stored;
  }

  /** The group as the writer takes it. */
  async batch(): Promise<WriteBatch> {
    const { heads, codec, ctxFields } = this.#context;
    const events = this.#rows.map(({ event }) => event);
    // Proofs are of the heads before the group, so they are taken first.
    const proofs = heads.proofs(new Set(events.map((event) => event.trace_id)));
    const columns: (string | null)[] = [];
    const ctx: [string, string, string | null][] = [];
    for (const event of events) {
      columns.push(
        event.event_id,
        event.trace_id,
        event.task_id,
        event.parent_id,
        event.type,
        event.source,
      );
      for (const { field, value } of ctxTerms(event, ctxFields)) {
        ctx.push([event.event_id, field, value]);
      }
    }
    return {
      id: this.id,
      basis: this.#previous?.id,
      columns,
      ctx,
      proofs,
      blobs: await codec.encode(events),
    };
  }

  /** Numbers the rows: AUTOINCREMENT leaves no gap within a transaction. */
  commit(lastSeq: number, epoch: number): void {
    const { heads } = this.#context;
    let seq = lastSeq - this.#rows.length;
    for (const row of this.#rows) {
      row.seq = ++seq;
      Object.freeze(row);
      const { trace_id, event_id, hash } = row.event;
      heads.confirm(trace_id, { hash, seq, event_id, epoch });
    }
  }

  /** Tells the callers. */
  resolve(): void {
    for (const { unit, error } of this.#refused) unit.reject(error);
    for (const { unit, stored } of this.#placed) unit.resolve(stored);
  }
}
