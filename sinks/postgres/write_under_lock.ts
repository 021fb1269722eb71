// The careful way to write, for when the quick one did not go through: behind the
// traces' locks, so that nobody comes between, and with a look at what is in the log
// already. It goes on over lost connections: what the last attempt may have stored is
// found by its ids.
import { CodecStalledError } from "../rows/codec_wait.ts";
import {
  Group,
  type GroupContext,
  type Known,
  traceIds,
  type Unit,
} from "../rows/group.ts";
import { loadHeads } from "../rows/load_heads.ts";
import { corruptRow } from "../rows/row_codec.ts";
import { SinkError } from "../sink_error.ts";
import type {
  AppendAnswer,
  AppendLane,
  PostgresDurability,
} from "./append_lane.ts";
import type { PgQuerier } from "./client.ts";
import { fromPg, troubleOf } from "./failure.ts";
import { readHeads } from "./log_reads.ts";
import { selectStored } from "./select.ts";
import { plainArray } from "./text.ts";
import { unpackColumns, unpackRows } from "./unpack.ts";

const RETRY_MS_MIN = 20;
const RETRY_MS_MAX = 1000;
/** How often a group that others get in the way of is tried. */
const ATTEMPTS_MAX = 8;

/** What the careful way works with. */
export interface WriteOptions {
  readonly lane: AppendLane;
  readonly context: GroupContext;
  readonly answerTimeoutMs: number;
  /** For how long a server that cannot be reached is waited for. */
  readonly reconnectMs: number;
  /** Told of what is acknowledged, before its appends resolve. */
  readonly onStored: (lastSeq: number, durability: PostgresDurability) => void;
}

/** A group that was taken to its end, whose callers are to be told. */
interface Written {
  readonly group: Group;
  readonly answer: AppendAnswer;
  readonly durability: PostgresDurability;
}

/** What became of an attempt, apart from an error. */
type Attempt = Written | { readonly codecError: unknown };

/** Writes units, or rejects them; does not throw. */
export async function writeUnderLock(
  units: readonly Unit[],
  options: WriteOptions,
): Promise<void> {
  try {
    const written = await untilWritten(units, options);
    if ("codecError" in written) {
      const error = written.codecError;
      if (units.length === 1 || error instanceof CodecStalledError) throw error;
      // One event that cannot be encoded must not keep the others out.
      for (const unit of units) await writeUnderLock([unit], options);
      return;
    }
    finish(written, options);
  } catch (error) {
    options.context.heads.reset();
    for (const unit of units) unit.reject(fromPg(error, "append"));
  }
}

function finish(
  { group, answer, durability }: Written,
  { onStored }: WriteOptions,
): void {
  if (answer.kind === "committed") {
    if (group.size > 0) group.commit(answer.firstSeq + group.size - 1, 0);
    // What was found in the log is acknowledged as well: as durable, and to be seen by
    // this sink's own reads. Who committed it may have been cut off before it told others.
    if (group.lastSeq > 0) onStored(group.lastSeq, durability);
  }
  group.resolve();
}

/** Tries until it is known what became of the units, or the time is over. */
async function untilWritten(
  units: readonly Unit[],
  options: WriteOptions,
): Promise<Attempt> {
  const deadline = performance.now() + options.reconnectMs;
  let attempts = 0;
  for (
    let waitMs = RETRY_MS_MIN;;
    waitMs = Math.min(waitMs * 2, RETRY_MS_MAX)
  ) {
    let trouble: unknown;
    try {
      options.context.heads.reset();
      const attempt = await attemptUnderLock(units, options);
      if ("codecError" in attempt || attempt.answer.kind === "committed") {
        return attempt;
      }
      trouble = doubtful(attempt.answer.kind);
      attempts++;
    } catch (error) {
      const kind = troubleOf(error);
      if (kind === "final") throw error;
      if (kind !== "lost") attempts++;
      trouble = error;
    }
    if (attempts >= ATTEMPTS_MAX || performance.now() + waitMs > deadline) {
      throw trouble;
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

function doubtful(kind: string): SinkError {
  return new SinkError(
    "io",
    `Cannot append: the commit was ${kind}; it may be stored, and not be on the ` +
      "standbys. See to them, then append again: nothing is stored twice",
  );
}

async function attemptUnderLock(
  units: readonly Unit[],
  options: WriteOptions,
): Promise<Attempt> {
  const { lane, context, answerTimeoutMs } = options;
  let result: Attempt | undefined;
  const answer = await lane.settle(() =>
    lane.lane.transaction(async (tx) => {
      // The server lets go of the locks, whatever becomes of this process.
      await lane.lane.on(tx, {
        sql: "SELECT set_config('lock_timeout', $1, true), " +
          "set_config('idle_in_transaction_session_timeout', $1, true), " +
          "ZU.lock_traces($2::text::text[])",
        params: [String(answerTimeoutMs), plainArray([...traceIds(units)])],
      });
      const known = await lookUp(tx, units, options);
      await loadHeads(
        {
          heads: (request) =>
            readHeads((select) => lane.lane.on(tx, select), request),
        },
        context,
        traceIds(units),
      );
      const group = new Group(units, known, context);
      if (group.size === 0) {
        const durability = await lane.confirmIn(tx);
        const answer = {
          kind: "committed",
          firstSeq: 1,
          durability,
        } as const;
        result = { group, answer, durability };
        return answer;
      }
      const batch = await group.batch().catch((error) => {
        result = { codecError: error };
      });
      if (batch === undefined) return { kind: "stale" };
      const answer = await lane.appendIn(tx, batch);
      const durability = "durability" in answer
        ? answer.durability
        : { synchronousCommit: "", synchronousStandbys: "" };
      result = { group, answer, durability };
      return answer;
    })
  );
  return "codecError" in result! ? result : { ...result!, answer };
}

/** What is in the log already of what is to be appended. */
async function lookUp(
  tx: PgQuerier,
  units: readonly Unit[],
  { lane, context: { codec } }: WriteOptions,
): Promise<Known> {
  const ids = units.flatMap(({ events }) => events.map((e) => e.event_id));
  const [row] = await lane.lane.on(
    tx,
    selectStored(plainArray([...new Set(ids)])),
  );
  const columns = unpackColumns(row!);
  const known: Known = new Map();
  for (const [at, found] of (await codec.decode(unpackRows(row!))).entries()) {
    // Only the column tells whose row it is that cannot be read.
    const id = columns[at]!.event_id;
    known.set(
      id,
      "event" in found
        ? Object.freeze(found)
        : corruptRow(found.seq, found.error.cause, id),
    );
  }
  return known;
}
