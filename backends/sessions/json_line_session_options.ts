import { TIMER_MS_MAX } from "../_until_ended.ts";
import type { SandboxEgress } from "../sandbox_egress.ts";

/** How long a reply may take when the caller does not say. */
export const SEND_TIMEOUT_MS_DEFAULT = 120_000;
/** How long the server may take to end when it is told to. */
const CLOSE_TIMEOUT_MS_DEFAULT = 15_000;
/** How long to wait for the last words of a server that ended. */
const END_TIMEOUT_MS_DEFAULT = 5_000;
/** The longest line that a server may answer with, as a page with its pictures. */
const LINE_BYTES_MAX_DEFAULT = 64 * 1024 * 1024;
/** How many commands may wait for their turn. */
const QUEUE_MAX_DEFAULT = 1_000;

/** Options of a session over a program. */
export interface JsonLineSessionOptions {
  /** The session's id: its sandbox's. */
  readonly id: string;
  /** What its sandbox may reach, if that has scoped egress. */
  readonly egress?: SandboxEgress | undefined;
  /** Is called once, after the server was ended; ends the sandbox, say. */
  readonly onClose: () => Promise<void>;
  /**
   * How long the server may take to end when it is told to, and again when it is
   * killed, in milliseconds.
   * @default {15_000}
   */
  readonly closeTimeoutMs?: number;
  /**
   * How long to wait for a dead server's last words, in milliseconds.
   * @default {5_000}
   */
  readonly endTimeoutMs?: number;
  /**
   * How many bytes a line may have.
   * @default {67_108_864, 64 MiB}
   */
  readonly lineBytesMax?: number;
  /**
   * How many commands may wait for their turn.
   * @default {1_000}
   */
  readonly queueMax?: number;
}

/** The bounds of a session, filled in. */
export type SessionBounds = Required<
  Omit<JsonLineSessionOptions, "id" | "egress" | "onClose">
>;

/**
 * The bounds of a session, checked and filled in.
 *
 * @throws {RangeError} If one is no integer above 0.
 */
export function sessionBounds(options: JsonLineSessionOptions): SessionBounds {
  const {
    closeTimeoutMs = CLOSE_TIMEOUT_MS_DEFAULT,
    endTimeoutMs = END_TIMEOUT_MS_DEFAULT,
    lineBytesMax = LINE_BYTES_MAX_DEFAULT,
    queueMax = QUEUE_MAX_DEFAULT,
  } = options;
  const bounds = { closeTimeoutMs, endTimeoutMs, lineBytesMax, queueMax };
  for (const [name, value] of Object.entries(bounds)) {
    // What a timer can take is as good a limit for sizes, and far above any use.
    if (Number.isSafeInteger(value) && value > 0 && value <= TIMER_MS_MAX) {
      continue;
    }
    throw new RangeError(
      `${name}: ${value} is not an integer from 1 to ${TIMER_MS_MAX}`,
    );
  }
  return bounds;
}
