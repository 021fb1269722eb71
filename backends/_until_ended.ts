/** The longest that a timer can wait: a longer one fires at once. */
export const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * Waits for what ends a wait: resolves when the time is up, and rejects with the
 * reason of the first signal that is aborted. Leaves no timer and no listener.
 *
 * @param timeoutMs How long, if not for ever.
 * @param signals Those that end it, none of them aborted yet.
 * @param wanted What is waited for, if anything.
 * @returns What was waited for, or `timeout`.
 */
export async function untilEnded<T = never>(
  timeoutMs: number | undefined,
  signals: readonly (AbortSignal | undefined)[],
  wanted?: Promise<T>,
): Promise<{ readonly value: T } | "timeout"> {
  const { promise, resolve, reject } = Promise.withResolvers<
    { readonly value: T } | "timeout"
  >();
  const onAbort = (event: Event) =>
    reject((event.target as AbortSignal).reason);
  for (const signal of signals) signal?.addEventListener("abort", onAbort);
  const timer = timeoutMs === undefined
    ? undefined
    : setTimeout(() => resolve("timeout"), timeoutMs);
  wanted?.then((value) => resolve({ value }), reject);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    for (const signal of signals) signal?.removeEventListener("abort", onAbort);
  }
}

/** Checks a time limit of a call. */
export function checkTimeoutMs(timeoutMs: number | undefined): void {
  if (timeoutMs === undefined) return;
  if (
    typeof timeoutMs === "number" && timeoutMs > 0 && timeoutMs <= TIMER_MS_MAX
  ) return;
  throw new RangeError(
    `timeoutMs: ${timeoutMs} is not a time above 0 and up to ${TIMER_MS_MAX}`,
  );
}
