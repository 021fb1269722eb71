import type { PayloadCodec } from "../codec/mod.ts";
import { countOption } from "./_read_options.ts";
import { checkCtxFields } from "./event_filter.ts";
import type { SinkError } from "./sink_error.ts";

const MEBIBYTE = 1024 * 1024;
/** What PostgreSQL keeps of a name. */
const NAME_BYTES_MAX = 63;
/** What an index takes of a ctx field's name, beside an id. */
const FIELD_BYTES_MAX = 256;

/**
 * Which server and database: a URL, such as `postgres://user@host:5432/agents`, or
 * its parts. Of several hosts, the primary is taken, also after a failover:
 * `postgres://a:5432,b:5432/agents`.
 */
export type PostgresAddress = string | PostgresAddressParts;

/** The parts of an address. */
export interface PostgresAddressParts {
  /** The host's name, or the folder of a unix socket; or several hosts. */
  readonly host?: string | readonly string[];
  /**
   * The port.
   * @default {5432}
   */
  readonly port?: number | readonly number[];
  /** The database's name. */
  readonly database?: string;
  /** The role. */
  readonly user?: string;
  /** Its password, or what asks for one each time a connection is made. */
  readonly password?: string | (() => string | Promise<string>);
  /**
   * `"verify-full"` is TLS with a certificate that is checked, `"require"` TLS with
   * one that is not; or options of Node's `tls.connect`.
   * @default {false}
   */
  readonly ssl?: boolean | "require" | "verify-full" | Record<string, unknown>;
  /** Changes nothing here: a log is on the primary, whatever is asked for. */
  readonly target_session_attrs?:
    | "read-write"
    | "read-only"
    | "primary"
    | "standby"
    | "prefer-standby";
}

/** Options of {@linkcode PostgresSink.open}. */
export interface PostgresSinkOptions {
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
   * Fields of `payload.ctx` to filter by, at most 32, each of 256 bytes at most.
   * @default {[]}
   */
  readonly ctxFields?: readonly string[];
  /**
   * The schema that the log is in, and nothing else: its tables and functions. It is
   * made if there is none.
   * @default {"zu"}
   */
  readonly schema?: string;
  /**
   * Opens the log for reading alone: nothing is made or upgraded, and appending
   * fails with `read_only`.
   * @default {false}
   */
  readonly readOnly?: boolean;
  /**
   * What an acknowledgement stands for at least. `"on"`: the commit is on the
   * server's disk, and on that of the synchronous standbys, where it has any.
   * `"remote_apply"`: a reader of these standbys sees it, too; it demands that the
   * server has some.
   * @default {"on"}
   */
  readonly durability?: "on" | "remote_apply";
  /**
   * How many connections append at most, 1 to 64. Four more read, and one listens.
   * @default {4}
   */
  readonly connections?: number;
  /**
   * Whether statements are prepared on the server. Turn it off behind a pooler in
   * transaction mode that does not know of prepared statements.
   * @default {true}
   */
  readonly prepare?: boolean;
  /**
   * How long a connection may take to be made, in milliseconds, 100 to 600,000.
   * @default {10_000}
   */
  readonly connectTimeoutMs?: number;
  /**
   * How long the server may take to answer, in milliseconds, 100 to 600,000. After
   * that the connection is given up as lost.
   * @default {30_000}
   */
  readonly answerTimeoutMs?: number;
  /**
   * For how long an append is tried again while the server cannot be reached, in
   * milliseconds, 0 to 3,600,000. After that it fails with `io`.
   * @default {30_000}
   */
  readonly reconnectMs?: number;
  /**
   * How many events may wait to be written, 1 to 1,000,000. Beyond that appends
   * fail with `overloaded`.
   * @default {10_000}
   */
  readonly queueMax?: number;
  /**
   * How large a stored event may be, in bytes, 1 KiB to 128 MiB.
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
   * How many traces' heads are kept in memory, 1 to 1,000,000.
   * @default {10_000}
   */
  readonly headsMax?: number;
  /**
   * How often a stream that follows looks for events of others, in milliseconds, 10
   * to 60,000, in case that it was not notified of them.
   * @default {1000}
   */
  readonly followPollMs?: number;
  /**
   * Called with each row that cannot be read; reading then goes on past it. When
   * left out, reading fails at the first such row.
   */
  readonly onCorrupt?: (error: SinkError) => void;
}

/** Options with nothing left open, but for codecs and callbacks. */
export type CheckedPostgresSinkOptions =
  & Required<
    Omit<PostgresSinkOptions, "codec" | "readers" | "signKey" | "onCorrupt">
  >
  & { readonly address: PostgresAddress };

type Count = {
  [Name in keyof PostgresSinkOptions]-?: PostgresSinkOptions[Name] extends
    number | undefined ? Name : never;
}[keyof PostgresSinkOptions];

/** Bounds of the options that are numbers: least, most, default. */
const COUNTS: Readonly<Record<Count, readonly [number, number, number]>> = {
  connections: [1, 64, 4],
  connectTimeoutMs: [100, 600_000, 10_000],
  answerTimeoutMs: [100, 600_000, 30_000],
  reconnectMs: [0, 3_600_000, 30_000],
  queueMax: [1, 1_000_000, 10_000],
  eventBytesMax: [1024, 128 * MEBIBYTE, 64 * MEBIBYTE],
  codecTimeoutMs: [1, 600_000, 30_000],
  headsMax: [1, 1_000_000, 10_000],
  followPollMs: [10, 60_000, 1000],
};

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

function checkSchema(schema: string): string {
  const isName = typeof schema === "string" && schema !== "" &&
    schema.isWellFormed() && !schema.includes("\0") &&
    bytesOf(schema) <= NAME_BYTES_MAX;
  if (isName && !schema.startsWith("pg_")) return schema;
  throw new RangeError(
    `schema: ${Deno.inspect(schema)} cannot be a schema's name; give 1 to ` +
      `${NAME_BYTES_MAX} bytes of text that do not begin with pg_`,
  );
}

function checkFields(fields: readonly string[]): readonly string[] {
  const checked = checkCtxFields(fields);
  const long = checked.find((field) => bytesOf(field) > FIELD_BYTES_MAX);
  if (long === undefined) return checked;
  throw new RangeError(
    `ctxFields: "${long}" takes more than ${FIELD_BYTES_MAX} bytes`,
  );
}

function checkAddress(address: PostgresAddress): PostgresAddress {
  const isUrl = typeof address === "string" &&
    /^postgres(?:ql)?:\/\//.test(address);
  if (isUrl || (typeof address === "object" && address !== null)) {
    return address;
  }
  throw new TypeError(
    "address: give a URL that begins with postgres://, or an object with host, " +
      "port, database, user",
  );
}

/** The options, checked and filled in. */
export function checkPostgresSinkOptions(
  address: PostgresAddress,
  options: PostgresSinkOptions,
): CheckedPostgresSinkOptions {
  const { durability = "on", schema = "zu" } = options;
  if (durability !== "on" && durability !== "remote_apply") {
    throw new RangeError(
      `durability: "${durability}" is not one of "on", "remote_apply"`,
    );
  }
  const counts = Object.fromEntries(
    Object.entries(COUNTS).map(([name, [min, max, byDefault]]) => [
      name,
      countOption(name, options[name as Count], {
        min,
        max,
        default: byDefault,
      }),
    ]),
  ) as Record<Count, number>;
  return {
    ...counts,
    address: checkAddress(address),
    durability,
    schema: checkSchema(schema),
    ctxFields: checkFields(options.ctxFields ?? []),
    readOnly: options.readOnly ?? false,
    prepare: options.prepare ?? true,
  };
}
