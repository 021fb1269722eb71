import type { PayloadCodec } from "../codec/mod.ts";
import { countOption } from "./_read_options.ts";
import { checkCtxFields } from "./event_filter.ts";
import type { SinkError } from "./sink_error.ts";

const MEBIBYTE = 1024 * 1024;

/** Options of {@linkcode SqliteSink.open}. */
export interface SqliteSinkOptions {
  /**
   * How new rows are encoded.
   * @default {new IdentityCodec()}
   */
  readonly codec?: PayloadCodec;
  /**
   * Further codecs that rows of this log may have been written with. `codec`
   * and plain text can always be read.
   * @default {[]}
   */
  readonly readers?: Iterable<PayloadCodec>;
  /** Signs each event's hash with HMAC-SHA256. */
  readonly signKey?: Uint8Array;
  /**
   * How long a write waits for another connection's lock, in milliseconds, 0 to
   * 600,000. After that it fails with `locked`.
   * @default {5000}
   */
  readonly busyTimeoutMs?: number;
  /**
   * Which SQLite: `"ffi"` is `@db/sqlite`, `"builtin"` is Deno's `node:sqlite`,
   * `"auto"` is FFI where `--allow-ffi` is granted and the library loads, else
   * builtin. It never prompts.
   * @default {"auto"}
   */
  readonly driver?: "ffi" | "builtin" | "auto";
  /**
   * Fields of `payload.ctx` to filter by, at most 32. At open, events since the
   * last open are looked through, since another writer may not have indexed them;
   * where a field is new to the file, the whole log is.
   * @default {[]}
   */
  readonly ctxFields?: readonly string[];
  /**
   * Opens the log for reading alone: no lock is taken, nothing is created or
   * upgraded, and appending fails with `read_only`. Nothing is indexed either:
   * by `ctxFields` only that is found which a writer has indexed.
   * @default {false}
   */
  readonly readOnly?: boolean;
  /**
   * How many events may wait to be written, 1 to 1,000,000. Beyond that appends
   * fail with `overloaded`.
   * @default {10_000}
   */
  readonly queueMax?: number;
  /**
   * How large a stored event may be, in bytes, 1 KiB to 512 MiB.
   * @default {67_108_864}
   */
  readonly eventBytesMax?: number;
  /**
   * How long codecs are waited for, for a group of events or a page of rows, in
   * milliseconds, 1 to 600,000. After that the appends or the read fail with
   * `io`.
   * @default {30_000}
   */
  readonly codecTimeoutMs?: number;
  /**
   * To what size the write-ahead log is cut back after a checkpoint, in bytes.
   * @default {67_108_864}
   */
  readonly walBytesMax?: number;
  /**
   * How many traces' heads are kept in memory, 1 to 1,000,000.
   * @default {10_000}
   */
  readonly headsMax?: number;
  /**
   * How often a stream that follows looks for events of other processes, in
   * milliseconds, 10 to 60,000. Events of this sink are seen at once.
   * @default {250}
   */
  readonly followPollMs?: number;
  /**
   * Called with each row that cannot be read; reading then goes on past it. When
   * left out, reading fails at the first such row.
   */
  readonly onCorrupt?: (error: SinkError) => void;
}

/** The options that are numbers or names, checked and filled in. */
export function checkSqliteSinkOptions(
  options: SqliteSinkOptions,
): CheckedSqliteSinkOptions {
  const { driver = "auto" } = options;
  if (!["ffi", "builtin", "auto"].includes(driver)) {
    throw new RangeError(
      `driver: "${driver}" is not one of "ffi", "builtin", "auto"`,
    );
  }
  const count = (
    name: keyof CheckedSqliteSinkOptions & keyof SqliteSinkOptions,
    min: number,
    max: number,
    byDefault: number,
  ) =>
    countOption(name, options[name] as number | undefined, {
      min,
      max,
      default: byDefault,
    });
  return {
    driver,
    ctxFields: checkCtxFields(options.ctxFields ?? []),
    readOnly: options.readOnly ?? false,
    busyTimeoutMs: count("busyTimeoutMs", 0, 600_000, 5000),
    queueMax: count("queueMax", 1, 1_000_000, 10_000),
    eventBytesMax: count("eventBytesMax", 1024, 512 * MEBIBYTE, 64 * MEBIBYTE),
    codecTimeoutMs: count("codecTimeoutMs", 1, 600_000, 30_000),
    walBytesMax: count("walBytesMax", 0, 2 ** 40, 64 * MEBIBYTE),
    headsMax: count("headsMax", 1, 1_000_000, 10_000),
    followPollMs: count("followPollMs", 10, 60_000, 250),
  };
}

/**
 * Refuses a path that names no file: for each connection, SQLite would make a
 * database of its own.
 *
 * @throws {TypeError} If the path is no text, is empty, holds NUL or is a URI.
 */
export function checkSqlitePath(path: string): void {
  const isText = typeof path === "string" && path !== "";
  if (isText && !path.includes("\0") && !path.startsWith("file:")) return;
  throw new TypeError(
    `path: ${Deno.inspect(path)} names no file; give the log's path (no URI) ` +
      'or ":memory:"',
  );
}

/** Options with nothing left open. */
export interface CheckedSqliteSinkOptions {
  /** See {@linkcode SqliteSinkOptions.driver}. */
  readonly driver: "ffi" | "builtin" | "auto";
  /** See {@linkcode SqliteSinkOptions.ctxFields}. */
  readonly ctxFields: readonly string[];
  /** See {@linkcode SqliteSinkOptions.readOnly}. */
  readonly readOnly: boolean;
  /** See {@linkcode SqliteSinkOptions.busyTimeoutMs}. */
  readonly busyTimeoutMs: number;
  /** See {@linkcode SqliteSinkOptions.queueMax}. */
  readonly queueMax: number;
  /** See {@linkcode SqliteSinkOptions.eventBytesMax}. */
  readonly eventBytesMax: number;
  /** See {@linkcode SqliteSinkOptions.codecTimeoutMs}. */
  readonly codecTimeoutMs: number;
  /** See {@linkcode SqliteSinkOptions.walBytesMax}. */
  readonly walBytesMax: number;
  /** See {@linkcode SqliteSinkOptions.headsMax}. */
  readonly headsMax: number;
  /** See {@linkcode SqliteSinkOptions.followPollMs}. */
  readonly followPollMs: number;
}
