import { type Anchor, checkAnchor } from "./anchor.ts";
import { AnchorFile, readAnchors } from "./jsonl/anchor_file.ts";
import { DENO_FILE_OPS } from "./jsonl/_file_ops.ts";
import { Mutex } from "./jsonl/_mutex.ts";
import { SinkError } from "./sink_error.ts";

/**
 * Anchors in a JSONL file: one line each, of `trace_id`, `seq` and `head`.
 *
 * A chain alone does not show that its end was cut off or that a whole trace is
 * gone; anchors do, if whoever can edit the log cannot edit them. So keep the file
 * elsewhere: on another machine, on write-once storage, under another account.
 *
 * The file is opened by the first append, which makes it if need be. An append
 * resolves when the anchors are on disk. A last line that a killed writer left
 * unfinished is passed over in reading, and put aside in a file beside it, named
 * `.torn`, by the next writer. Iterating reads the file from its first line,
 * whenever it is done.
 *
 * Needs read permission for reading; for appending also write permission, for the
 * file and those named `.lock` and `.torn` beside it, and read permission for
 * its folder.
 *
 * @example Finding a dropped trace
 * ```ts
 * import {
 *   AnchorRecorder,
 *   createEvent,
 *   JsonlAnchor,
 *   MemorySink,
 *   verifyLog,
 * } from "@zu/backends/sinks";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * const path = `${folder}/run.anchors.jsonl`;
 * {
 *   await using log = new MemorySink();
 *   await using anchors = new JsonlAnchor(path);
 *   await using recorder = new AnchorRecorder(log, anchors);
 *   await recorder.record(
 *     await log.append(createEvent({
 *       trace_id: "0190163d-8694-739b-aea5-966c26f8ad90",
 *       task_id: "0190163d-8694-739b-aea5-966c26f8ad91",
 *       type: "harness.task.started",
 *       source: "loop",
 *     })),
 *   );
 * }
 * // A log from which someone has taken everything.
 * await using empty = new MemorySink();
 * await using anchors = new JsonlAnchor(path);
 * const { violations } = await verifyLog(empty, { anchors });
 * assertEquals(violations[0]?.code, "missing_trace");
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class JsonlAnchor implements AsyncDisposable, AsyncIterable<Anchor> {
  readonly #path: string;
  readonly #mutex = new Mutex();
  #file: AnchorFile | undefined;
  #closing: Promise<void> | undefined;

  /**
   * Names the file, and touches nothing yet.
   *
   * @param path The file.
   * @throws {TypeError} If the path is empty.
   */
  constructor(path: string) {
    if (typeof path !== "string" || path === "") {
      throw new TypeError(
        "Cannot keep anchors: the path must be a file's name",
      );
    }
    this.#path = path;
  }

  /**
   * Appends anchors; resolves when they are on disk.
   *
   * @param anchors The anchors, in order.
   * @throws {SinkError} `closed`; `locked` if another writer has the file open;
   * `disk_full`, `read_only` or `io`. Then none of them stands in the file.
   * @throws {TypeError} If one of them is no anchor.
   */
  async append(...anchors: Anchor[]): Promise<void> {
    this.#assertOpen("append an anchor to");
    const checked = anchors.map(checkAnchor);
    if (checked.length === 0) return;
    await this.#mutex.run(async () => {
      this.#file ??= await AnchorFile.open(DENO_FILE_OPS, this.#path);
      await this.#file.append(checked);
    });
  }

  /**
   * Reads the anchors from the first line on, a part of the file at a time.
   *
   * @returns The anchors.
   * @throws {SinkError} `closed`; `corrupt_line`, naming the line; `io` if the
   * file is not there, since no anchors would pass for no violations.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Anchor, void, undefined> {
    this.#assertOpen("read");
    yield* readAnchors(DENO_FILE_OPS, this.#path);
  }

  /** Waits for what was accepted, and closes the file. Harmless if repeated. */
  close(): Promise<void> {
    return this.#closing ??= this.#mutex.run(() => {
      this.#file?.close();
      this.#file = undefined;
      return Promise.resolve();
    });
  }

  /** Closes the file at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #assertOpen(what: string): void {
    if (this.#closing === undefined) return;
    throw new SinkError(
      "closed",
      `Cannot ${what} ${this.#path}: the anchor is closed. Make a new one`,
    );
  }
}
