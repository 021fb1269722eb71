/**
 * Does something, and waits for it until a signal fires.
 *
 * @throws The signal's reason; what was begun goes on then, and what comes of it
 * is of no interest.
 */
export async function interruptible<T>(
  run: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  signal.throwIfAborted();
  const { promise: interrupted, reject } = Promise.withResolvers<never>();
  const interrupt = () => reject(signal.reason);
  signal.addEventListener("abort", interrupt, { once: true });
  try {
    return await Promise.race([interrupted, run()]);
  } finally {
    signal.removeEventListener("abort", interrupt);
  }
}
