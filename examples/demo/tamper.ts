import { type ChainViolation, verifyLog } from "@zu/backends/sinks";
import type { DemoLog } from "./demo_log.ts";
import type { Finding, Tampering } from "./tampering.ts";

/** What came of an edit. */
export interface TamperResult {
  /** What the edited copy is called. */
  readonly name: string;
  /** What the verification found. */
  readonly violations: readonly ChainViolation[];
  /** What is wrong with that, `undefined` if it is what it should be. */
  readonly problem: string | undefined;
}

/** Edits a copy of the log, and verifies what it has become. */
export async function tamper(
  { store, keys, anchors }: DemoLog,
  { name, edit, expected }: Tampering,
  signal: AbortSignal,
): Promise<TamperResult> {
  return await store.edited(name, edit, async (copy, copyName) => {
    const { violations } = await verifyLog(copy, {
      key: keys.signKey,
      anchors,
      signal,
    });
    const problem = judgeFindings(expected, violations);
    return { name: copyName, violations, problem };
  });
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
