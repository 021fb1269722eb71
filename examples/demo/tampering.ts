import type {
  ChainViolation,
  EventSink,
  StoredEvent,
} from "@zu/backends/sinks";
import type { EditedRows, SqlValue } from "./log_store.ts";

/** What a verification has to say about an edit. */
export type Finding = Pick<
  ChainViolation,
  "code" | "seq" | "event_id" | "trace_id"
>;

/** An edit that someone makes with a shell for SQL. */
export interface Tampering {
  /** What the edited copy is called. */
  readonly name: string;
  /** What is done, in words. */
  readonly what: string;
  /** Does it. */
  readonly edit: (rows: EditedRows) => Promise<void>;
  /** What has to be found. */
  readonly expected: Finding;
}

/** A row to be edited, and the one behind it in its trace. */
interface Choice {
  readonly victim: StoredEvent;
  readonly next?: StoredEvent;
}

/**
 * Makes the edits that fit a log. A row in the middle of a trace can be taken out
 * only where some trace has two events.
 */
export async function planTamperings(log: EventSink): Promise<Tampering[]> {
  const { victim, next } = await chooseVictim(log);
  const { trace_id } = victim.event;
  const traceEvents = await log.count({ trace_id });
  return [
    editColumn(victim),
    editBlob(victim),
    ...next === undefined ? [] : [deleteRow(victim, next)],
    cutTail(trace_id, traceEvents),
  ];
}

/** Chooses a row from the middle of the log, as far as there is one. */
async function chooseVictim(log: EventSink): Promise<Choice> {
  const middle = Math.floor(await log.count() / 2);
  const lastOfTrace = new Map<string, StoredEvent>();
  let choice: Choice | undefined;
  for await (const next of log.stream()) {
    const victim = lastOfTrace.get(next.event.trace_id);
    if (victim !== undefined) choice = { victim, next };
    choice ??= { victim: next };
    if (choice.next !== undefined && choice.victim.seq >= middle) break;
    lastOfTrace.set(next.event.trace_id, next);
  }
  if (choice === undefined) throw new Error("Cannot edit a log without events");
  return choice;
}

/** The encryption does not cover this column, the verification does. */
function editColumn(victim: StoredEvent): Tampering {
  const sql = "UPDATE events SET parent_id = ? WHERE seq = ?";
  return {
    name: "edited-column",
    what: `seq ${victim.seq} was given another parent_id`,
    edit: (rows) => changeRow(rows, sql, crypto.randomUUID(), victim.seq),
    expected: { code: "column_mismatch", ...rowOf(victim) },
  };
}

function editBlob(victim: StoredEvent): Tampering {
  return {
    name: "edited-blob",
    what: `one bit of the encrypted event of seq ${victim.seq} was flipped`,
    edit: (rows) => flipBit(rows, victim.seq),
    expected: { code: "unreadable_row", ...rowOf(victim) },
  };
}

/** What shows is the gap: the trace's next event links to a hash that is gone. */
function deleteRow(victim: StoredEvent, next: StoredEvent): Tampering {
  const sql = "DELETE FROM events WHERE seq = ?";
  return {
    name: "deleted-row",
    what: `seq ${victim.seq} was deleted, which seq ${next.seq} links to`,
    edit: (rows) => changeRow(rows, sql, victim.seq),
    expected: { code: "broken_link", ...rowOf(next) },
  };
}

/** What is left still links: only the anchors know that there was more. */
function cutTail(trace_id: string, traceEvents: number): Tampering {
  const last = "SELECT max(seq) FROM events WHERE trace_id = ?";
  return {
    name: "cut-tail",
    what: "the last event of a trace was deleted",
    edit: (rows) =>
      changeRow(rows, `DELETE FROM events WHERE seq = (${last})`, trace_id),
    expected: {
      code: traceEvents > 1 ? "cut_tail" : "missing_trace",
      event_id: null,
      trace_id,
    },
  };
}

function rowOf({ seq, event }: StoredEvent): Omit<Finding, "code"> {
  return { seq, event_id: event.event_id, trace_id: event.trace_id };
}

async function flipBit(rows: EditedRows, seq: number): Promise<void> {
  const row = await rows.get("SELECT data FROM events WHERE seq = ?", seq);
  const data = row?.data;
  if (!(data instanceof Uint8Array)) {
    throw new Error(`Cannot edit the blob of seq ${seq}: there is none`);
  }
  data[data.length >> 1]! ^= 1;
  const sql = "UPDATE events SET data = ? WHERE seq = ?";
  await changeRow(rows, sql, data, seq);
}

/** Changes one row; an edit that hits none would prove nothing. */
async function changeRow(
  rows: EditedRows,
  sql: string,
  ...values: SqlValue[]
): Promise<void> {
  const changes = await rows.change(sql, ...values);
  if (changes !== 1) throw new Error(`"${sql}" changed ${changes} rows, not 1`);
}
