// The logs that are put to the test, and how to open them: the same for the
// process that is killed and for the one that looks at what is left.
import { AesGcmCodec } from "../../codec/mod.ts";
import { type FileOps, JsonlSink } from "../../sinks/jsonl_sink.ts";
import { SqliteSink } from "../../sinks/mod.ts";

/** How a log is kept. */
export type Variant =
  | {
    readonly kind: "sqlite";
    readonly driver: "ffi" | "builtin";
    readonly encrypted: boolean;
  }
  | { readonly kind: "jsonl"; readonly fsync: "always" | "batch" | "never" };

/** The key of the encrypted logs. */
const KEY = new Uint8Array(32).fill(7);
/** Small, so that rotation is as likely to be hit as anything else. */
const MAX_BYTES = 60_000;

/** All of them. */
export const VARIANTS: readonly Variant[] = [
  ...(["ffi", "builtin"] as const).flatMap((driver) =>
    [false, true].map((encrypted): Variant => ({
      kind: "sqlite",
      driver,
      encrypted,
    }))
  ),
  ...(["always", "batch", "never"] as const).map((fsync): Variant => ({
    kind: "jsonl",
    fsync,
  })),
];

/** A variant in words, as tests are named by it. */
export function nameOf(variant: Variant): string {
  if (variant.kind === "jsonl") {
    return `JsonlSink with fsync "${variant.fsync}"`;
  }
  const { driver, encrypted } = variant;
  return `SqliteSink on ${driver}, ${encrypted ? "encrypted" : "plain"}`;
}

/** Opens a log. */
export async function openLog(
  path: string,
  variant: Variant,
  fileOps?: FileOps,
): Promise<SqliteSink | JsonlSink> {
  if (variant.kind === "sqlite") {
    return await SqliteSink.open(path, {
      driver: variant.driver,
      busyTimeoutMs: 60_000,
      ...(variant.encrypted ? { codec: new AesGcmCodec(KEY) } : {}),
    });
  }
  const { fsync } = variant;
  const sink = new JsonlSink(path, {
    fsync,
    maxBytes: MAX_BYTES,
    ...(fileOps && { fileOps }),
  });
  try {
    await sink.open();
  } catch (error) {
    await sink.close();
    throw error;
  }
  return sink;
}
