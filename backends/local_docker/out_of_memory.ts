import type { Box } from "./box.ts";

/** How long the engine may take to hear of what the kernel did. */
const LAG_MS = 60;
const TIMEOUT_MS = 3_000;

/**
 * Whether the kernel killed something in the sandbox for want of memory.
 *
 * The engine keeps its latest events for a while; asking for those up to a moment
 * that is about to come lets it wait for one that is on its way.
 *
 * @param box The sandbox.
 * @param sinceMs From when on, in milliseconds since 1970.
 */
export async function ranOutOfMemory(
  box: Box,
  sinceMs: number,
): Promise<boolean> {
  const over = new AbortController();
  // A clock that is ahead of the engine's would have it wait for that long.
  const timer = setTimeout(() => over.abort(), TIMEOUT_MS);
  try {
    const stream = await box.engine.stream({
      method: "GET",
      path: "/events",
      what: "see whether the sandbox ran out of memory",
      query: {
        since: (sinceMs / 1000).toFixed(3),
        until: ((Date.now() + LAG_MS) / 1000).toFixed(3),
        filters: { container: [box.facts.id], event: ["oom"] },
      },
    });
    over.signal.addEventListener("abort", () => stream.destroy());
    // Whatever passed the filter is what was asked for.
    for await (const chunk of stream) return chunk.length > 0;
    return false;
  } catch {
    // No answer is no evidence of it; the exit code stands as it is.
    return false;
  } finally {
    clearTimeout(timer);
  }
}
