import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  serializeEvent,
  SinkError,
  type SinkErrorCode,
  type StoredEvent,
  verifyLog,
} from "../../../sinks/mod.ts";
import type { FileOps, JsonlSink, LogFile } from "../../../sinks/jsonl_sink.ts";
import { DENO_FILE_OPS } from "../../../sinks/jsonl/_file_ops.ts";
import { numbers } from "../_numbered_events.ts";

export * from "../_numbered_events.ts";

/** Runs a test with a folder of its own, and removes it. */
export async function withFolder(
  test: (folder: string, log: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    await test(folder, `${folder}/run.jsonl`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The names in a folder, sorted. */
export function names(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
}

/** The seqs of events. */
export function seqs(stored: readonly StoredEvent[]): number[] {
  return stored.map(({ seq }) => seq);
}

/** The numbers from 1 to n. */
export function upTo(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i + 1);
}

/** Stored text of events, a line each, as they stand in a log. */
export function lines(stored: readonly StoredEvent[]): string {
  return stored.map(({ event }) => `${serializeEvent(event)}\n`).join("");
}

/** Asserts that a promise rejects with a SinkError of this code. */
export async function rejectsWith(
  promise: Promise<unknown>,
  code: SinkErrorCode,
  includes?: string,
): Promise<SinkError> {
  const error = await assertRejects(() => promise, SinkError, includes);
  assertEquals(error.code, code, error.message);
  return error;
}

/** Asserts that the log holds these events in this order, rightly chained. */
export async function assertHolds(
  sink: JsonlSink,
  expected: readonly number[],
): Promise<void> {
  const stored = await sink.query();
  assertEquals(numbers(stored), [...expected]);
  assertEquals(seqs(stored), upTo(expected.length));
  const report = await verifyLog(sink);
  assertEquals(report.violations, []);
  assertEquals(report.unlinked, 0);
}

/** A file operation that is about to be done. */
export interface Call {
  /** Which one. */
  readonly op: keyof FileOps | Exclude<keyof LogFile, "close">;
  /** On which file. */
  readonly path: string;
  /** What is written, by `write`. */
  readonly bytes?: Uint8Array;
}

/**
 * The file operations of the machine, with a look before each of them: `before`
 * may throw, wait, or say that only so many bytes are written.
 */
export function watchedOps(
  before: (call: Call) => void | number | Promise<void | number>,
): FileOps {
  const real = DENO_FILE_OPS;
  const watch = <Args extends [string, ...unknown[]], Result>(
    op: keyof FileOps,
    work: (...args: Args) => Promise<Result>,
  ) =>
  async (...args: Args): Promise<Result> => {
    await before({ op, path: args[0] });
    return await work(...args);
  };
  return {
    stat: watch("stat", real.stat),
    list: watch("list", real.list),
    rename: watch("rename", real.rename),
    remove: watch("remove", real.remove),
    syncFolder: watch("syncFolder", real.syncFolder),
    resolve: watch("resolve", real.resolve),
    async open(path, mode) {
      await before({ op: "open", path });
      const file = await real.open(path, mode);
      const look = (op: Call["op"]) => before({ op, path });
      return {
        async read(into) {
          await look("read");
          return await file.read(into);
        },
        async write(bytes) {
          const some = await before({ op: "write", path, bytes });
          return await file.write(
            typeof some === "number" ? bytes.subarray(0, some) : bytes,
          );
        },
        async seek(offset) {
          await look("seek");
          await file.seek(offset);
        },
        async truncate(length) {
          await look("truncate");
          await file.truncate(length);
        },
        async syncData() {
          await look("syncData");
          await file.syncData();
        },
        async stat() {
          await look("stat");
          return await file.stat();
        },
        async tryLock() {
          await look("tryLock");
          return await file.tryLock();
        },
        close: () => file.close(),
      };
    },
  };
}

/** An error as the system reports it. */
export function errno(code: string): Error {
  return Object.assign(new Error(`${code} (made up by a test)`), { code });
}

/** A promise that stays open until it is let go. */
export function gate(): { passed: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { passed: promise, open: resolve };
}

/** Asserts that something is there, and returns it. */
export function present<T>(value: T | undefined): T {
  assert(value !== undefined);
  return value;
}
