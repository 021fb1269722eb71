import { DatabaseSync } from "node:sqlite";
import { type ChainViolation, SqliteSink, verifyLog } from "@zu/backends/sinks";
import type { DemoLog } from "./demo_log.ts";
import type { Finding, Tampering } from "./tampering.ts";

/** What came of an edit. */
export interface TamperResult {
  /** What the verification found. */
  readonly violations: readonly ChainViolation[];
  /** What is wrong with that, `undefined` if it is what it should be. */
  readonly problem: string | undefined;
}

/** Edits a copy of the log, and verifies what it has become. */
export async function tamper(
  { folder, log, keys, anchors }: DemoLog,
  { name, edit, expected }: Tampering,
  signal: AbortSignal,
): Promise<TamperResult> {
  const path = `${folder}/${name}.db`;
  await log.backup(path);
  editFile(path, edit);
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
  return { violations, problem: judgeFindings(expected, violations) };
}

/** Edits a file as someone would who knows SQLite and has no key. */
function editFile(path: string, edit: Tampering["edit"]): void {
  const db = new DatabaseSync(path);
  try {
    edit(db);
  } finally {
    db.close();
  }
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
