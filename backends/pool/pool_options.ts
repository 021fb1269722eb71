import { TIMER_MS_MAX } from "../_until_ended.ts";
import type { LaunchSpec } from "../launch_spec.ts";
import type { Sandbox } from "../sandbox_backend.ts";

/** How many sandboxes a pool keeps warm at most, and launches at once. */
const SIZE_MAX = 1_000;
/** What holds when not told. */
const DEFAULTS = {
  takeTimeoutMs: 120_000,
  takersMax: 1_000,
  launchesMax: 4,
  checkTimeoutMs: 1_000,
  failuresMax: 3,
  backoffMs: 500,
  backoffMsMax: 30_000,
} as const;
/** How long a sandbox lives whose spec does not say. */
const TTL_MS_DEFAULT = 3_600_000;
/** What is left of its life, at most, to whoever takes a sandbox. */
const LEFT_MS_MAX = 300_000;

/** The time, as a pool sees it: another one than the system's in tests. */
export interface PoolClock {
  /** How many milliseconds have passed since some moment or other. */
  now(): number;
  /**
   * Calls a function later.
   *
   * @param ms After how many milliseconds.
   * @param call What to call.
   * @param isBackground Whether the process need not stay alive for it.
   * @returns What calls it off.
   */
  after(ms: number, call: () => void, isBackground: boolean): () => void;
}

/** What a backend may have beside the port, so that a pool can ask for it. */
export interface LivenessBackend {
  /**
   * Whether a sandbox is still there, as far as can be told at once.
   *
   * @param sandbox A sandbox of the backend.
   */
  isAlive(sandbox: Sandbox): boolean | Promise<boolean>;
}

/** Options of {@linkcode SandboxPool}. */
export interface SandboxPoolOptions {
  /** How many sandboxes are kept warm: 1 to 1,000. */
  readonly size: number;
  /**
   * How long a taker waits for a sandbox, in milliseconds.
   * @default {120_000}
   */
  readonly takeTimeoutMs?: number;
  /**
   * How many takers may wait at once.
   * @default {1_000}
   */
  readonly takersMax?: number;
  /**
   * How many launches run at once.
   * @default {4}
   */
  readonly launchesMax?: number;
  /**
   * How long after the start of its launch a warm sandbox is too old to be handed
   * out, in milliseconds. It is then destroyed and replaced. To be given where a
   * tier's preset makes the sandbox live shorter than its spec says.
   * @default {the spec's `ttlMs`, or an hour, less a quarter of it or 5 minutes}
   */
  readonly warmMsMax?: number;
  /**
   * Whether a warm sandbox is still there, asked before it is handed out.
   * @default {the backend's own `isAlive`; without one, nothing is asked}
   */
  readonly isAlive?: (sandbox: Sandbox) => boolean | Promise<boolean>;
  /**
   * How long that may take, in milliseconds, before the answer counts as no.
   * @default {1_000}
   */
  readonly checkTimeoutMs?: number;
  /**
   * How many failures of launches in a row takers wait through, before they are
   * told. What no further launch can mend, such as a refused spec, they are told
   * at once.
   * @default {3}
   */
  readonly failuresMax?: number;
  /**
   * How long to pause after a launch that failed, in milliseconds; twice as long
   * after each further one.
   * @default {500}
   */
  readonly backoffMs?: number;
  /**
   * How long a pause becomes at most, in milliseconds.
   * @default {30_000}
   */
  readonly backoffMsMax?: number;
  /**
   * Is told of each launch, check or end of a warm sandbox that failed.
   * @default {nobody is; takers get the last failure}
   */
  readonly onError?: (error: unknown) => void;
  /**
   * The time.
   * @default {the system's}
   */
  readonly clock?: PoolClock;
}

/** The numbers among the options, filled in. */
export type PoolBounds = Readonly<
  Record<"size" | "warmMsMax" | keyof typeof DEFAULTS, number>
>;

/**
 * Checks the numbers among a pool's options, and fills them in.
 *
 * @param options The options.
 * @param spec The spec of its sandboxes, which says how long they live.
 * @throws {RangeError} If one is no integer, or out of its bounds.
 */
export function poolBounds(
  options: SandboxPoolOptions,
  spec: LaunchSpec,
): PoolBounds {
  // A spec that says what cannot be is the backend's to refuse.
  const { ttlMs = TTL_MS_DEFAULT } = spec;
  const lifeMs = ttlMs >= 1 && ttlMs <= TIMER_MS_MAX ? ttlMs : TTL_MS_DEFAULT;
  const warmMsMax = options.warmMsMax ??
    Math.ceil(lifeMs - Math.min(lifeMs / 4, LEFT_MS_MAX));
  if (options.warmMsMax !== undefined && warmMsMax >= lifeMs) {
    throw new RangeError(
      `warmMsMax: after ${warmMsMax} ms, a sandbox that lives for ${lifeMs} is ` +
        "gone. Give less",
    );
  }
  const bounds: PoolBounds = {
    size: options.size,
    warmMsMax,
    takeTimeoutMs: options.takeTimeoutMs ?? DEFAULTS.takeTimeoutMs,
    takersMax: options.takersMax ?? DEFAULTS.takersMax,
    launchesMax: options.launchesMax ?? DEFAULTS.launchesMax,
    checkTimeoutMs: options.checkTimeoutMs ?? DEFAULTS.checkTimeoutMs,
    failuresMax: options.failuresMax ?? DEFAULTS.failuresMax,
    backoffMs: options.backoffMs ?? DEFAULTS.backoffMs,
    backoffMsMax: options.backoffMsMax ?? DEFAULTS.backoffMsMax,
  };
  for (const [name, value] of Object.entries(bounds)) {
    const max = ["size", "launchesMax"].includes(name)
      ? SIZE_MAX
      : TIMER_MS_MAX;
    if (Number.isSafeInteger(value) && value >= 1 && value <= max) continue;
    throw new RangeError(
      `${name}: ${value} is not an integer from 1 to ${max}`,
    );
  }
  return bounds;
}

/** The system's time, which no change of its clock sets back. */
export const SYSTEM_CLOCK: PoolClock = {
  now: () => performance.now(),
  after: (ms, call, isBackground) => {
    const timer = setTimeout(call, ms);
    if (isBackground) Deno.unrefTimer(timer);
    return () => clearTimeout(timer);
  },
};
