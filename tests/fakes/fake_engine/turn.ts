/**
 * Lets the event loop go round once, so that others get to read and write.
 *
 * @param unless Ends the wait early, and leaves no timer.
 */
export async function turn(unless: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve);
  try {
    await Promise.race([promise, unless]);
  } finally {
    clearTimeout(timer);
  }
}
