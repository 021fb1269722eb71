// The logs that faults are tried on, and how to open them with options.
import type { PayloadCodec } from "../../codec/mod.ts";
import { AesGcmCodec } from "../../codec/mod.ts";
import { JsonlSink, type JsonlSinkOptions } from "../../sinks/jsonl_sink.ts";
import { SqliteSink, type SqliteSinkOptions } from "../../sinks/mod.ts";
import { IS_LONG } from "../crash/_form.ts";
import { nameOf, type Variant, VARIANTS } from "../crash/_variant.ts";

export { nameOf, type Variant, VARIANTS };
export { IS_LONG, Random, sized, withFolder } from "../crash/_form.ts";

/**
 * Those that faults are tried on which know no difference between codecs or
 * fsync policies: all of them in the long form, each driver and kind in the
 * short one.
 */
export const SOME: readonly Variant[] = VARIANTS.filter((variant) =>
  IS_LONG ||
  (variant.kind === "jsonl"
    ? variant.fsync === "batch"
    : variant.encrypted === (variant.driver === "builtin"))
);

/** A log of either kind. */
export type LogSink = SqliteSink | JsonlSink;

/** Options that faults need; each kind of sink takes those that it has. */
export type LogOptions =
  & Omit<SqliteSinkOptions, "driver" | "codec">
  & Omit<JsonlSinkOptions, "fsync">
  & { readonly codec?: PayloadCodec };

/** The logs of SQLite. */
export type SqliteVariant = Extract<Variant, { kind: "sqlite" }>;

const KEY = new Uint8Array(32).fill(7);

/** The codec of a variant. */
export function codecOf(variant: SqliteVariant): { codec?: PayloadCodec } {
  return variant.encrypted ? { codec: new AesGcmCodec(KEY) } : {};
}

/** Opens a log. */
export async function openLog(
  path: string,
  variant: Variant,
  options: LogOptions = {},
): Promise<LogSink> {
  if (variant.kind === "sqlite") {
    const { driver } = variant;
    return await SqliteSink.open(path, {
      driver,
      ...codecOf(variant),
      ...options,
    });
  }
  const { codec: _codec, ...rest } = options;
  const sink = new JsonlSink(path, { fsync: variant.fsync, ...rest });
  try {
    await sink.open();
  } catch (error) {
    await sink.close();
    throw error;
  }
  return sink;
}
