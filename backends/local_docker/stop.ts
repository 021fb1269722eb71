import type { Box } from "./box.ts";

/** Why a program is ended from outside. */
export type Stop = "timeout" | "aborted" | "sandbox_gone";

/** What may end a program from outside. */
export interface Stops {
  readonly timeoutMs: number;
  /** Whoever may call it off. */
  readonly signals: readonly (AbortSignal | undefined)[];
  /** Ends the wait: no timer and no listener is left then. */
  readonly over: AbortSignal;
}

/** Resolves with what ends a program from outside, if anything does. */
export function untilStopped(
  box: Box,
  { timeoutMs, signals, over }: Stops,
): Promise<Stop> {
  const { promise, resolve } = Promise.withResolvers<Stop>();
  const timer = setTimeout(() => resolve("timeout"), timeoutMs);
  const abort = () => resolve("aborted");
  const gone = () => resolve("sandbox_gone");
  for (const signal of signals) signal?.addEventListener("abort", abort);
  box.gone.addEventListener("abort", gone);
  // What is left on a signal of the caller's would keep it, and this, alive.
  over.addEventListener("abort", () => {
    clearTimeout(timer);
    for (const signal of signals) signal?.removeEventListener("abort", abort);
    box.gone.removeEventListener("abort", gone);
  });
  return promise;
}
