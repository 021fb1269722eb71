import type { ChangeSignal } from "../_change_signal.ts";

/** What a stream that follows waits on. */
export interface Growth {
  /** The sink's own version at the time of the last read. */
  readonly version: number;
  /** The data version at the time of the last read. */
  readonly foreign: number;
  /** How often to look for other writers' commits; undefined for never. */
  readonly pollMs: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly isClosed: () => boolean;
  /** A number that is another one when other writers have appended. */
  readonly dataVersion: () => Promise<number>;
}

/**
 * Waits until there may be something to read, and returns false once the sink is
 * closed. The sink's own commits wake it; those of others must be looked for.
 */
export async function waitForGrowth(
  change: ChangeSignal,
  growth: Growth,
): Promise<boolean> {
  const { version, foreign, pollMs, signal, isClosed, dataVersion } = growth;
  const poll = pollMs === undefined ? {} : { timeoutMs: pollMs };
  while (!isClosed()) {
    await change.changed(version, { signal, ...poll });
    if (isClosed()) return false;
    if (change.version !== version) return true;
    if (await dataVersion() !== foreign) return true;
  }
  return false;
}
