/**
 * Waits, and resolves early when the signal is aborted.
 *
 * @returns Whether the whole time has passed.
 */
export function delay(ms: number, signal?: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve(false);
    const end = () => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", end);
      resolve(true);
    }, ms);
    signal?.addEventListener("abort", end, { once: true });
  });
}
