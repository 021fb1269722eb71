// A codec is the caller's, and may ask a service for its keys: waiting for it is
// bounded, so that a service which hangs does not hang the log.
import { CodecError } from "../../codec/mod.ts";
import { SinkError } from "../sink_error.ts";

/** How long a codec is waited for, and who may give up before. */
export interface CodecPatience {
  /** For how long, in milliseconds. */
  readonly timeoutMs: number;
  /** Gives up with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The codec did not answer in time. To try each event by itself is no use. */
export class CodecStalledError extends SinkError {
  constructor(timeoutMs: number) {
    super(
      "io",
      `The codec has not answered within codecTimeoutMs, ${timeoutMs} ms. See to ` +
        "what it waits for, such as its key provider, then try again",
    );
  }
}

/** Waits for what a codec does, but not for ever. */
export async function withPatience<Result>(
  work: Promise<Result>,
  { timeoutMs, signal }: CodecPatience,
): Promise<Result> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new CodecStalledError(timeoutMs)),
    timeoutMs,
  );
  const onAbort = () => reject(signal!.reason);
  signal?.addEventListener("abort", onAbort);
  try {
    signal?.throwIfAborted();
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

/** What a codec threw for an event, as an error with a code. */
export function codecFailure(cause: unknown, event_id: string): Error {
  if (cause instanceof CodecError || cause instanceof SinkError) return cause;
  const found = cause instanceof Error ? cause.message : String(cause);
  return new SinkError(
    "io",
    `Cannot append event ${event_id}: the codec could not encode it (${found}). ` +
      "See to the codec, then append again",
    { cause, event_id },
  );
}
