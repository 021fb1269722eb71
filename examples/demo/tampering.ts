import { DatabaseSync } from "node:sqlite";
import {
  type ChainViolation,
  SqliteSink,
  type StoredEvent,
  verifyLog,
} from "@zu/backends/sinks";
import type { DemoLog } from "./demo_log.ts";

/** What a verification has to say about an edit. */
export type Finding = Pick<
  ChainViolation,
  "code" | "seq" | "event_id" | "trace_id"
>;

/** An edit that someone makes with a SQLite shell. */
export interface Tampering {
  /** What the edited copy is called. */
  readonly name: string;
  /** What is done, in words. */
  readonly what: string;
  /** Does it. */
  readonly edit: (db: DatabaseSync) => void;
  /** What has to be found. */
  readonly expected: Finding;
}

/** What came of an edit. */
export interface TamperResult extends Tampering {
  /** What the verification found. */
  readonly violations: readonly ChainViolation[];
  /** What is wrong with that, if anything is. */
  readonly problem: string | undefined;
}

/**
 * Makes the edits that fit a log. A row in the middle of a trace can be taken out
 * only where some trace has two events.
 */
export async function planTamperings(log: SqliteSink): Promise<Tampering[]> {
  const { victim, next } = await chooseVictim(log);
  const { seq, event: { event_id, trace_id } } = victim;
  const length = await log.count({ trace_id });
  const row = { seq, event_id, trace_id };
  const tamperings: Tampering[] = [
    {
      name: "edited-column",
      what: `another parent_id in the column of seq ${seq}`,
      edit: (db) =>
        runOnce(
          db,
          "UPDATE events SET parent_id = ? WHERE seq = ?",
          crypto.randomUUID(),
          seq,
        ),
      expected: { code: "column_mismatch", ...row },
    },
    {
      name: "edited-blob",
      what: `one bit of the encrypted event of seq ${seq}`,
      edit: (db) => flipBit(db, seq),
      expected: { code: "unreadable_row", ...row },
    },
    {
      name: "cut-tail",
      what: `the last event of the trace of seq ${seq} deleted`,
      edit: (db) =>
        runOnce(
          db,
          "DELETE FROM events WHERE seq = " +
            "(SELECT max(seq) FROM events WHERE trace_id = ?)",
          trace_id,
        ),
      // What is left still links; that something is missing is in the anchors.
      expected: {
        code: length > 1 ? "cut_tail" : "missing_trace",
        event_id: null,
        trace_id,
      },
    },
  ];
  if (next === undefined) return tamperings;
  tamperings.splice(2, 0, {
    name: "deleted-row",
    what: `the row of seq ${seq} deleted, which seq ${next.seq} links to`,
    edit: (db) => runOnce(db, "DELETE FROM events WHERE seq = ?", seq),
    // What shows is the gap: the next event of the trace links to a lost hash.
    expected: {
      code: "broken_link",
      seq: next.seq,
      event_id: next.event.event_id,
      trace_id,
    },
  });
  return tamperings;
}

/** An event from the middle of the log, and the one behind it in its trace. */
async function chooseVictim(
  log: SqliteSink,
): Promise<{ victim: StoredEvent; next?: StoredEvent }> {
  const middle = Math.floor(await log.count() / 2);
  const last = new Map<string, StoredEvent>();
  let chosen: { victim: StoredEvent; next?: StoredEvent } | undefined;
  for await (const next of log.stream()) {
    const victim = last.get(next.event.trace_id);
    if (victim !== undefined) chosen = { victim, next };
    chosen ??= { victim: next };
    if (chosen.victim.seq >= middle && chosen.next !== undefined) break;
    last.set(next.event.trace_id, next);
  }
  if (chosen === undefined) throw new Error("Cannot edit a log without events");
  return chosen;
}

function flipBit(db: DatabaseSync, seq: number): void {
  const row = db.prepare("SELECT data FROM events WHERE seq = ?").get(seq);
  const data = row?.data;
  if (!(data instanceof Uint8Array)) {
    throw new Error(`Cannot edit the blob of seq ${seq}: there is none`);
  }
  data[data.length >> 1]! ^= 1;
  runOnce(db, "UPDATE events SET data = ? WHERE seq = ?", data, seq);
}

/** An edit that hits no row would prove nothing. */
function runOnce(
  db: DatabaseSync,
  sql: string,
  ...params: (string | number | Uint8Array)[]
): void {
  const { changes } = db.prepare(sql).run(...params);
  if (changes !== 1) throw new Error(`"${sql}" changed ${changes} rows, not 1`);
}

/** Edits a copy of the log, and verifies what it has become. */
export async function tamper(
  { folder, log, keys, anchors }: DemoLog,
  tampering: Tampering,
  signal: AbortSignal,
): Promise<TamperResult> {
  const path = `${folder}/${tampering.name}.db`;
  await log.backup(path);
  const db = new DatabaseSync(path);
  try {
    tampering.edit(db);
  } finally {
    db.close();
  }
  await using copy = await SqliteSink.open(path, {
    codec: keys.codec,
    driver: log.driver,
    readOnly: true,
  });
  const { violations } = await verifyLog(copy, {
    key: keys.signKey,
    anchors,
    signal,
  });
  const problem = judgeFindings(tampering.expected, violations);
  return { ...tampering, violations, problem };
}

/**
 * Whether a verification found an edit: the first violation has to name the edit,
 * and no other trace may be blamed for it.
 *
 * @returns What is wrong, or `undefined` if it is found as it should be.
 */
export function judgeFindings(
  expected: Finding,
  violations: readonly ChainViolation[],
): string | undefined {
  const [first] = violations;
  if (first === undefined) return "nothing was found";
  for (const field of ["code", "seq", "event_id", "trace_id"] as const) {
    if (first[field] === expected[field]) continue;
    return `${field} is ${first[field]}, and should be ${expected[field]}`;
  }
  const other = violations.find((each) => each.trace_id !== expected.trace_id);
  if (other === undefined) return undefined;
  return `trace ${other.trace_id} is blamed as well: ${other.message}`;
}
