import {
  type AuditableSink,
  type AuditOptions,
  type AuditRow,
  createEvent,
  type Event,
  type EventInit,
  linkEvent,
  MemorySink,
  type OrphanTerm,
  serializeEvent,
} from "../../sinks/mod.ts";

/** The id of the nth trace, task or event of a test. */
export function id(n: number): string {
  return `0190163d-8694-739b-aea5-${n.toString(16).padStart(12, "0")}`;
}

/** An event of a trace that is not linked. */
export function event(trace: number, init: Partial<EventInit> = {}): Event {
  return createEvent({
    trace_id: id(trace),
    task_id: id(1_000_000),
    type: "harness.step",
    source: "tests",
    ...init,
  });
}

/** A chain of a number of events of one trace. */
export function chain(
  trace: number,
  length: number,
  key?: Uint8Array,
): Event[] {
  const events: Event[] = [];
  for (let i = 0; i < length; i++) {
    const head = events.at(-1)?.hash ?? null;
    events.push(linkEvent(event(trace, { payload: { step: i } }), head, key));
  }
  return events;
}

/** The row that an auditable sink keeps of an event. */
export function auditRow(event: Event, seq: number): AuditRow {
  const { event_id, trace_id, task_id, parent_id, type, source } = event;
  return {
    seq,
    text: serializeEvent(event),
    columns: { event_id, trace_id, task_id, parent_id, type, source },
  };
}

/** A sink whose rows are whatever a test wants them to be. */
export class AuditableFake extends MemorySink implements AuditableSink {
  readonly ctxFields: readonly string[];
  readonly rows: AuditRow[];
  orphans: OrphanTerm[] = [];
  /** How often the rows were read. */
  reads = 0;
  /** How many readings were not ended. */
  open = 0;

  constructor(rows: AuditRow[], ctxFields: readonly string[] = []) {
    super();
    this.rows = rows;
    this.ctxFields = ctxFields;
  }

  async *audit(
    { batchSize = 512 }: AuditOptions = {},
  ): AsyncGenerator<AuditRow[], void, undefined> {
    this.reads++;
    this.open++;
    try {
      for (let i = 0; i < this.rows.length; i += batchSize) {
        yield this.rows.slice(i, i + batchSize);
      }
    } finally {
      this.open--;
    }
  }

  async *auditOrphans(): AsyncGenerator<OrphanTerm[], void, undefined> {
    yield this.orphans;
  }
}
