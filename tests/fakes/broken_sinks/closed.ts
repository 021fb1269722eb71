import { MemorySink, SinkError } from "../../../sinks/mod.ts";
import { type Breach, breach, IN_MEMORY, turns } from "./breach.ts";

/** A close that keeps no word. */
export const CLOSED: readonly Breach[] = [
  ...["append", "appendAll", "query", "stream", "count"].map((method) =>
    breach(
      `goes on to ${method} when closed`,
      `refuses ${method} once closed, and while closing`,
      ({ inner }, options) => {
        const other = new MemorySink(options);
        const replaced: Partial<Record<string, unknown>> = {
          [method]: (...of: never[]) =>
            (other[method as "append"] as (...of: never[]) => unknown)(...of),
        };
        return { ...replaced, close: () => inner.close() };
      },
    )
  ),
  breach(
    "returns early from an empty batch",
    "refuses appendAll of nothing once closed, and while closing",
    ({ inner }) => ({
      appendAll: (events) => {
        const list = [...events];
        return list.length === 0 ? Promise.resolve([]) : inner.appendAll(list);
      },
    }),
  ),
  breach(
    "fails when closed again",
    "can be closed again, also while it closes, and by `await using`",
    ({ inner }) => {
      let closed = false;
      return {
        close: () => {
          if (closed) {
            return Promise.reject(new SinkError("closed", "Closed already"));
          }
          closed = true;
          return inner.close();
        },
      };
    },
  ),
  breach(
    "drops what is queued when it closes",
    "waits in close for the appends that it has accepted",
    ({ inner }) => {
      let closed = false;
      return {
        append: async (event) => {
          await turns(2);
          if (closed) throw new SinkError("closed", "The sink was closed");
          return await inner.append(event);
        },
        close: () => {
          closed = true;
          return turns(10).then(() => inner.close());
        },
      };
    },
  ),
  breach(
    "ends streams short when it closes",
    "never ends a stream short without an error when closed amid it",
    ({ inner }) => ({
      async *stream(filter, options) {
        try {
          yield* inner.stream(filter, options);
        } catch (error) {
          if (!(error instanceof SinkError)) throw error;
        }
      },
    }),
  ),
  breach(
    "declares more than it keeps",
    "declares what its tests say that it supports",
    () => ({ supports: { ...IN_MEMORY, persistence: true } }),
  ),
];
