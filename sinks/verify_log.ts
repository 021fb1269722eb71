import type { Anchor } from "./anchor.ts";
import { logBatches } from "./_audit_batches.ts";
import { isAuditable } from "./auditable_sink.ts";
import type { ChainViolation } from "./chain_violation.ts";
import type { EventSink } from "./event_sink.ts";
import { LogPass } from "./_log_pass.ts";
import { countOption } from "./_read_options.ts";
import { WHOLE } from "./_trace_table.ts";
import { mergeViolations, ViolationList } from "./_violation_list.ts";

/** How many traces one pass keeps state of, when not told. */
export const TRACES_MAX_DEFAULT = 262_144;
/** How many violations a report holds, when not told. */
export const VIOLATIONS_MAX_DEFAULT = 1_000;

/** How far a verification has come. */
export interface LogProgress {
  /** The pass over the log, from 1. */
  readonly pass: number;
  /** How many passes are known to be needed so far. */
  readonly passes: number;
  /** How many rows this pass has seen. */
  readonly events: number;
  /** The last row that it has seen. */
  readonly seq: number;
}

/** Options of {@linkcode verifyLog}. */
export interface VerifyLogOptions {
  /**
   * The signing key. With it, every linked event must carry its signature;
   * without it, signatures are not looked at.
   */
  readonly key?: Uint8Array;
  /**
   * Anchors of the log's traces, such as a {@linkcode JsonlAnchor}. They are read
   * once a pass, so an array will do and a generator will not.
   * @default {[]}
   */
  readonly anchors?: Iterable<Anchor> | AsyncIterable<Anchor>;
  /** Is told of each batch of rows. What it throws ends the verification. */
  readonly onProgress?: (progress: LogProgress) => void;
  /** Ends the verification, which throws the signal's reason. */
  readonly signal?: AbortSignal;
  /**
   * How many traces to keep state of, at some 300 bytes each. A log or a list of
   * anchors with more of them is read in several passes.
   * @default {262_144}
   */
  readonly tracesMax?: number;
  /**
   * How many violations the report holds; all of them are counted.
   * @default {1_000}
   */
  readonly violationsMax?: number;
}

/** What a verification has found. */
export interface LogReport {
  /** How many rows the log has, the unreadable ones included. */
  readonly events: number;
  /** How many traces they belong to. */
  readonly traces: number;
  /**
   * How many events are from before their trace's chain. They cannot be
   * verified, which is no damage: 0.2.0 files have no chain. In a log that had
   * a chain from the start, anything but 0 means that one was taken away.
   */
  readonly unlinked: number;
  /**
   * What is wrong, in log order, up to `violationsMax`; empty if nothing is.
   * Texts are cut off behind 1,024 characters.
   */
  readonly violations: readonly ChainViolation[];
  /** How many violations there are. */
  readonly violationsTotal: number;
  /**
   * Whether every row was reached. A sink that is not auditable ends at its
   * first broken row, which is then among the violations.
   */
  readonly complete: boolean;
  /** How often the log was read. */
  readonly passes: number;
}

/**
 * Verifies a whole log: every trace's chain, and, where the sink offers its rows
 * for audit (see {@linkcode AuditableSink}), every column and every row of the
 * side index against the event, going on past rows that cannot be read.
 *
 * Memory is bounded whatever the log holds. What is appended meanwhile is not
 * waited for. Ids are not checked for being unique over the whole log, which
 * would take memory for all of them; a linked event that occurs twice breaks its
 * trace's chain. Numbers may have gaps but must grow, since SQLite leaves a gap
 * where a transaction was rolled back.
 *
 * A chain alone does not show that a trace's end was cut off, that a whole trace
 * is gone, or that a whole trace was written anew by someone who can compute a
 * hash. Anchors show all three, and a signing key the third.
 *
 * @param sink The log.
 * @param options Key, anchors, progress, cancellation, bounds.
 * @returns The report. Nothing is wrong if `violations` is empty.
 * @throws {SinkError} `closed`, or what the storage reports; a broken row is a
 * violation and no error.
 * @throws {TypeError} If anchors can be read only once.
 * @throws {RangeError} If a bound is no integer or out of range.
 *
 * @example A log in order
 * ```ts
 * import { createEvent, MemorySink, verifyLog } from "@zu/backends/sinks";
 * import { assertEquals } from "@std/assert";
 *
 * await using sink = new MemorySink();
 * await sink.append(createEvent({
 *   trace_id: "0190163d-8694-739b-aea5-966c26f8ad90",
 *   task_id: "0190163d-8694-739b-aea5-966c26f8ad91",
 *   type: "harness.task.started",
 *   source: "loop",
 * }));
 * const report = await verifyLog(sink);
 * assertEquals(report.violations, []);
 * assertEquals([report.events, report.traces, report.unlinked], [1, 1, 0]);
 * ```
 */
export async function verifyLog(
  sink: EventSink,
  options: VerifyLogOptions = {},
): Promise<LogReport> {
  const { key, anchors = [], onProgress, signal } = options;
  const max = 10_000_000;
  const bounds = { min: 1, max, default: TRACES_MAX_DEFAULT };
  const tracesMax = countOption("tracesMax", options.tracesMax, bounds);
  const violationsMax = countOption("violationsMax", options.violationsMax, {
    ...bounds,
    default: VIOLATIONS_MAX_DEFAULT,
  });
  refuseIterator(anchors);
  const rows = new ViolationList(violationsMax);
  const lists = [rows];
  const sums = { events: 0, traces: 0, unlinked: 0, passes: 0, complete: true };
  const parts = [WHOLE];
  const settings = {
    key,
    tracesMax,
    violationsMax,
    signal,
    ctxFields: isAuditable(sink) ? sink.ctxFields : [],
    endsWhereBroken: !isAuditable(sink),
    seed: crypto.getRandomValues(new Int32Array(1))[0]!,
  };
  let lastSeq = Infinity;
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    const isFirst = ++sums.passes === 1;
    const pass = new LogPass(part, {
      ...settings,
      lastSeq,
      rows: isFirst ? rows : undefined,
    });
    await pass.run(logBatches(sink, signal), anchors, () => {
      const passes = sums.passes + parts.length + pass.left.length;
      const { events, seq } = pass;
      onProgress?.({ pass: sums.passes, passes, events, seq });
    });
    parts.push(...pass.left);
    const { traces, unlinked } = pass.end();
    sums.traces += traces;
    sums.unlinked += unlinked;
    lists.push(pass.violations);
    if (!isFirst) continue;
    lastSeq = pass.seq;
    sums.events = pass.events;
    sums.complete = pass.complete;
    await reportOrphans(sink, rows, signal);
  }
  return {
    ...sums,
    violations: mergeViolations(lists, violationsMax),
    violationsTotal: lists.reduce((sum, { total }) => sum + total, 0),
  };
}

/** Generators can be read once, and a second pass would find no anchors. */
function refuseIterator(
  anchors: Iterable<Anchor> | AsyncIterable<Anchor>,
): void {
  if ("next" in anchors) {
    throw new TypeError(
      "anchors: an iterator can be read only once, and a log may need several " +
        "passes. Give an array, or an object whose iteration begins anew",
    );
  }
}

async function reportOrphans(
  sink: EventSink,
  rows: ViolationList,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (!isAuditable(sink)) return;
  const options = signal === undefined ? {} : { signal };
  for await (const batch of sink.auditOrphans?.(options) ?? []) {
    for (const { event_id, field, value } of batch) {
      const message = `The side index says ${JSON.stringify(value)} for ctx ` +
        `field ${
          JSON.stringify(field)
        } of event ${event_id}, which is not in ` +
        "the log: the row was added, or the event was removed";
      rows.add({
        code: "orphan_index",
        message,
        event_id,
        trace_id: null,
        field,
        found: value,
      });
    }
  }
}
