import type { ChangeSignal } from "../_change_signal.ts";
import type { FilterPlan } from "../event_filter.ts";
import type { StoredEvent } from "../event.ts";
import { SinkError } from "../sink_error.ts";
import { waitForGrowth } from "./follow.ts";
import type { Pages } from "./pages.ts";

/** What to stream, checked. */
export interface StreamRequest {
  readonly plan: FilterPlan;
  readonly afterSeq: number;
  readonly batchSize: number;
  readonly follow: boolean;
  readonly signal: AbortSignal | undefined;
  /** How often to look for other writers' commits; undefined for never. */
  readonly pollMs: number | undefined;
  readonly isClosed: () => boolean;
}

/**
 * Streams matching events, and waits for more at the end if it follows. `check`
 * is called when the iteration begins, where the port has errors come up.
 * `dataVersion` tells a number that is another one when others have appended.
 */
export async function* streamEvents(
  pages: Pages,
  change: ChangeSignal,
  dataVersion: () => Promise<number>,
  check: () => StreamRequest,
): AsyncGenerator<StoredEvent, void, undefined> {
  const request = check();
  const { plan, batchSize, follow, signal, isClosed } = request;
  let at = request.afterSeq;
  while (true) {
    signal?.throwIfAborted();
    const { version } = change;
    try {
      const foreign = follow ? await dataVersion() : 0;
      const range = { afterSeq: at, limit: Infinity, batchSize, signal };
      for await (const { events, readTo } of pages.read(plan, range)) {
        for (const stored of events) {
          if (!follow && isClosed()) throw closed();
          yield stored;
          signal?.throwIfAborted();
        }
        at = readTo;
      }
      if (!follow) return;
      const growth = { version, foreign, signal, isClosed, dataVersion };
      const { pollMs } = request;
      if (!await waitForGrowth(change, { ...growth, pollMs })) return;
    } catch (error) {
      // To a stream that follows, closing the sink is the end of the log.
      if (follow && error instanceof SinkError && error.code === "closed") {
        return;
      }
      throw error;
    }
  }
}

function closed(): SinkError {
  return new SinkError(
    "closed",
    "Cannot stream on: the sink was closed. Open it again",
  );
}
