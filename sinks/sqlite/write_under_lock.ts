// The careful way to write a group, for when the quick one did not go through:
// under the write lock, so that nobody comes between, and with a look at what is
// in the log already.
import { SinkError } from "../sink_error.ts";
import { CodecStalledError } from "../rows/codec_wait.ts";
import {
  Group,
  type GroupContext,
  type Known,
  traceIds,
  type Unit,
} from "../rows/group.ts";
import { loadHeads } from "../rows/load_heads.ts";
import type { WriteBatch } from "../rows/stored_rows.ts";
import type { WriteOutcome } from "./messages.ts";
import { headReader } from "./row_reads.ts";
import { corruptRow } from "../rows/row_codec.ts";
import type { Thread } from "./thread.ts";

/** How long the write lock is kept for a group that is being linked. */
const LOCK_LEASE_MS = 10_000;
/** How often a group is linked again before the sink gives up on it. */
const ATTEMPTS_MAX = 8;

/** What became of a group. */
export type Landing =
  | WriteOutcome
  /** It could not be written, or not be encoded. */
  | { readonly kind: "failed"; readonly error: unknown };

/** The writer, and who is told of a commit. */
export interface WriteOptions {
  readonly writer: () => Promise<Thread>;
  /** Called after each commit, before its appends resolve. */
  readonly onCommit: () => void;
}

/** Numbers a group's rows and tells the callers. */
export function finishGroup(
  group: Group,
  outcome: Extract<WriteOutcome, { kind: "committed" }>,
  onCommit: () => void,
): void {
  if (group.size > 0) {
    group.commit(outcome.lastSeq, outcome.epoch);
    onCommit();
  }
  group.resolve();
}

/** Writes units, or rejects them; does not throw. */
export async function writeUnderLock(
  units: readonly Unit[],
  context: GroupContext,
  options: WriteOptions,
): Promise<void> {
  const { writer, onCommit } = options;
  try {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      context.heads.reset();
      const outcome = await attemptUnderLock(
        await writer(),
        units,
        context,
        onCommit,
      );
      if (outcome.kind === "committed") return;
      if (outcome.kind === "failed") {
        const { error } = outcome;
        if (units.length === 1 || error instanceof CodecStalledError) {
          throw error;
        }
        // One event that cannot be encoded must not keep the others out.
        for (const unit of units) {
          await writeUnderLock([unit], context, options);
        }
        return;
      }
    }
    throw new SinkError(
      "locked",
      `Cannot append: other writers came first ${ATTEMPTS_MAX} times. Try again`,
    );
  } catch (error) {
    context.heads.reset();
    for (const unit of units) unit.reject(error);
  }
}

async function attemptUnderLock(
  writer: Thread,
  units: readonly Unit[],
  context: GroupContext,
  onCommit: () => void,
): Promise<Landing> {
  await writer.call("lock", "append", LOCK_LEASE_MS);
  let sent = false;
  try {
    const known = await lookUp(writer, units, context);
    await loadHeads(headReader(writer), context, traceIds(units));
    const group = new Group(units, known, context);
    let outcome: WriteOutcome = { kind: "committed", lastSeq: 0, epoch: -1 };
    if (group.size > 0) {
      let batch: WriteBatch;
      try {
        batch = await group.batch();
      } catch (error) {
        return { kind: "failed", error };
      }
      sent = true;
      outcome = await writer.call("write", "append", batch);
    }
    if (outcome.kind === "committed") finishGroup(group, outcome, onCommit);
    return outcome;
  } finally {
    if (!sent) await writer.call("unlock", "append");
  }
}

/** What is in the log already of what is to be appended. */
async function lookUp(
  writer: Thread,
  units: readonly Unit[],
  { codec }: GroupContext,
): Promise<Known> {
  const ids = units.flatMap(({ events }) => events.map((e) => e.event_id));
  const rows = await writer.call("stored", "append", [...new Set(ids)]);
  const known: Known = new Map();
  for (const row of await codec.decode(rows)) {
    if ("event" in row) known.set(row.event.event_id, Object.freeze(row));
    else {
      // Only the column tells whose row it is: a plain row says so nowhere else.
      const id = await writer.call("idOf", "append", row.seq);
      known.set(id!, corruptRow(row.seq, row.error.cause, id));
    }
  }
  return known;
}
