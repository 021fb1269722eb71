// Why a copy ends before its end. Whoever finds out does not know how far the
// copy has come, which is added where it is told to the caller.
import { SinkError, type SinkErrorCode } from "./sink_error.ts";

/** What is known of a stop beside its code and its words. */
export interface CopyStopDetails {
  /** What to do about it, as a sentence without its stop. */
  readonly todo: string;
  /** The event's place in the source. */
  readonly seq?: number | undefined;
  /** The event's id. */
  readonly event_id?: string | undefined;
  /** The error of a sink that it comes from. */
  readonly cause?: unknown;
}

/** Thrown where a copy cannot go on; never seen by the caller. */
export class CopyStop extends Error {
  readonly #code: SinkErrorCode;
  readonly #details: CopyStopDetails;

  constructor(code: SinkErrorCode, found: string, details: CopyStopDetails) {
    super(found, { cause: details.cause });
    this.#code = code;
    this.#details = details;
  }

  /** The same for the caller, with the place to resume from. */
  told(resumeFrom: number): SinkError {
    const { todo, seq, event_id } = this.#details;
    return new SinkError(
      this.#code,
      `Cannot copy the log on behind seq ${resumeFrom} of the source: ` +
        `${this.message}. ${todo}. What was copied before stays in the target; ` +
        `to go on from there, give resumeFrom: ${resumeFrom}`,
      { seq, event_id, cause: this.cause },
    );
  }
}

/** What a sink reports, as a reason to stop; anything else as it is. */
export function stoppedBy(
  error: unknown,
  what: string,
  details: CopyStopDetails,
): unknown {
  if (!(error instanceof SinkError)) return error;
  return new CopyStop(error.code, `${what}: ${error.message}`, {
    ...details,
    event_id: details.event_id ?? error.event_id,
    cause: error,
  });
}
