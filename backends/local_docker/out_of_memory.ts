import { BackendError } from "../backend_error.ts";
import type { Box } from "./box.ts";
import { runScript } from "./end_processes.ts";

/** How long the engine may take to hear of what the kernel did. */
const LAG_MS = 60;
const TIMEOUT_MS = 3_000;

/** A shell script that prints how many processes the kernel has killed so far. */
const COUNT = `for f in memory/memory.oom_control memory.events; do
  [ -r /sys/fs/cgroup/$f ] || continue
  while read -r k v; do [ $k = oom_kill ] && echo $v; done </sys/fs/cgroup/$f
done`;

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
  if (await box.engine.isPodman()) return await hasCountRisen(box);
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

/** Podman has no such event; the kernel's count can be read while the sandbox runs. */
async function hasCountRisen(box: Box): Promise<boolean> {
  const { shell, user } = box.facts;
  if (shell === undefined) return false;
  try {
    return box.noteOomKills(Number(await runScript(box, user, COUNT)));
  } catch (error) {
    if (error instanceof BackendError) return false;
    throw error;
  }
}
