import type { EventSink } from "./event_sink.ts";
import { LogCopy } from "./_log_copy.ts";
import { BATCH_SIZE_MAX, countOption } from "./_read_options.ts";
import { TRACES_MAX_DEFAULT } from "./verify_log.ts";

/** How many events are copied at a time, when not told. */
export const COPY_BATCH_SIZE_DEFAULT = 256;

/** How far a copy has come, and at its end, what it has done. */
export interface CopyReport {
  /**
   * The last event of the source that the target has acknowledged: what
   * `resumeFrom` takes.
   */
  readonly seq: number;
  /** How many events were read from the source: `copied` and `present`. */
  readonly events: number;
  /** How many of them are new in the target. */
  readonly copied: number;
  /** How many of them the target had already, word for word. */
  readonly present: number;
  /**
   * How many of them have no chain in the source, being from before there was
   * one, and were linked by the target.
   */
  readonly linked: number;
  /**
   * How many of `present` the target has at another place in the order: before
   * an event that comes before them in the source. More than 0 where parts of
   * the source were appended by someone else, or behind a wrong `resumeFrom`.
   */
  readonly moved: number;
}

/** Options of {@linkcode copyLog}. */
export interface CopyLogOptions {
  /**
   * Is told of each batch once the target has acknowledged it; a promise is
   * awaited. Who writes down `seq` can resume a copy that was killed. What it
   * throws ends the copy.
   */
  readonly onProgress?: (soFar: CopyReport) => void | Promise<void>;
  /**
   * The seq of the source behind which to go on, as `onProgress` told it.
   * @default {0}
   */
  readonly resumeFrom?: number;
  /**
   * The signing key. With it, every linked event must carry its signature;
   * without it, signatures are copied and not looked at.
   */
  readonly key?: Uint8Array;
  /**
   * How many events are read and appended at a time, 1 to 10,000. A batch ends
   * sooner where its texts take 8 MiB; a larger event is a batch of its own.
   * @default {256}
   */
  readonly batchSize?: number;
  /**
   * Ends the copy, which throws the signal's reason. A batch that is being
   * appended then is acknowledged first.
   */
  readonly signal?: AbortSignal;
  /**
   * How many traces to keep state of, at some 300 bytes each. A trace that was
   * forgotten and goes on is looked up in the target.
   * @default {262_144}
   */
  readonly tracesMax?: number;
}

/**
 * Copies a log into another sink of any kind, event by event: ids, order, texts,
 * chains and signatures stay as they are.
 *
 * **Verified on the way.** Each event must digest to its hash, name the hash
 * before it in its trace, and with a `key` carry its signature; and the target
 * must return the same text. At the first event that does not, the copy ends
 * with an error that names it and its place in the source. Nothing of its batch
 * is stored then, if the fault is the source's.
 *
 * **Resumable.** Nothing is copied twice: what the target has already is counted
 * as `present`, whether the copy is begun anew or resumed. Where the target
 * forgets ids (`supports.unboundedIdempotence` is false, as of `JsonlSink`), the
 * copy reads along in it for as long as it has what the source has, in the
 * source's order. Resuming reads the target once, up to the first event that is
 * copied, to learn where its traces end; what was copied before is not verified
 * again. The target may hold other traces as well, and others may append to it
 * meanwhile; then an event that they copied is counted as `copied`.
 *
 * **A source that grows** is copied with what comes until its end is reached: a
 * copy ends when it has caught up. To move a log, stop its writers, and copy
 * once more from the last `seq`. A source that was opened with `onCorrupt` gives
 * no sign of rows that it passes over; a trace's next event then does not link.
 *
 * **Events without a chain**, of files of the predecessor's 0.2.0, are linked by
 * the target and counted as `linked`. If such a trace was appended to later, its
 * linked part begins anew, and cannot stand behind what the target has linked:
 * that is refused with `broken_link`. Copy the file itself instead; `copyLog` can
 * bring that copy up to date, since it holds the old events as they are.
 *
 * The target must not sign (`signKey`) what has no signature in the source. Needs
 * the permissions of the two sinks, and none besides.
 *
 * @param from The log to copy.
 * @param to The log to append to, with room for other events.
 * @param options Progress, resuming, key, batches, cancellation.
 * @returns What was copied. The copy is then as durable as the target promises.
 * @throws {SinkError} `broken_link` for an event that is not as its chain says;
 * `duplicate_id` where the target holds another event, or another text, under its
 * id; `closed`, or what the two sinks report. The message says from where to
 * resume.
 * @throws {TypeError} If the target is the source.
 * @throws {RangeError} If an option is no integer or out of range.
 *
 * @example Moving a log from memory into a file
 * ```ts
 * import { copyLog, createEvent, MemorySink } from "@zu/backends/sinks";
 * import { JsonlSink } from "@zu/backends/sinks/jsonl";
 * import { assertEquals } from "@std/assert";
 *
 * await using from = new MemorySink();
 * const trace_id = "0190163d-8694-739b-aea5-966c26f8ad90";
 * const of = { trace_id, task_id: trace_id, source: "loop" };
 * await from.append(createEvent({ ...of, type: "harness.task.started" }));
 * await from.append(createEvent({ ...of, type: "harness.task.ended" }));
 *
 * const folder = await Deno.makeTempDir();
 * {
 *   await using to = new JsonlSink(`${folder}/run.jsonl`);
 *   let resumeFrom = 0; // to be kept in a file
 *   const first = await copyLog(from, to, {
 *     resumeFrom,
 *     onProgress: ({ seq }) => {
 *       resumeFrom = seq;
 *     },
 *   });
 *   assertEquals([first.copied, first.present], [2, 0]);
 *   const again = await copyLog(from, to);
 *   assertEquals([again.copied, again.present], [0, 2]);
 *   assertEquals(await to.query(), await from.query());
 * }
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function copyLog(
  from: EventSink,
  to: EventSink,
  options: CopyLogOptions = {},
): Promise<CopyReport> {
  const { resumeFrom, key, batchSize, tracesMax, signal, onProgress } = options;
  const max = Number.MAX_SAFE_INTEGER;
  const settings = {
    resumeFrom: countOption("resumeFrom", resumeFrom, {
      min: 0,
      max,
      default: 0,
    }),
    batchSize: countOption("batchSize", batchSize, {
      min: 1,
      max: BATCH_SIZE_MAX,
      default: COPY_BATCH_SIZE_DEFAULT,
    }),
    tracesMax: countOption("tracesMax", tracesMax, {
      min: 1,
      max: 10_000_000,
      default: TRACES_MAX_DEFAULT,
    }),
    key,
    signal,
    onProgress,
  };
  if (from === to) {
    throw new TypeError(
      `Cannot copy the log: source and target are the same ${from.name} sink. ` +
        "Give two sinks, of two logs",
    );
  }
  return await new LogCopy(from, to, settings).run();
}
