import { createEvent, type StoredEvent } from "../../../sinks/mod.ts";
import { type Breach, breach, turns } from "./breach.ts";

function renumbered(stored: StoredEvent[], by: number): StoredEvent[] {
  return stored.map(({ seq, event }) => ({ seq: seq + by, event }));
}

/** Appending that breaks a rule. */
export const APPENDING: readonly Breach[] = [
  breach(
    "numbers events from 0",
    "numbers events from 1, growing, across traces",
    ({ inner }) => ({
      append: async (event) => renumbered([await inner.append(event)], -1)[0]!,
      query: async (...of) => renumbered(await inner.query(...of), -1),
    }),
  ),
  breach(
    "returns the caller's own event from append",
    "returns from append the copy that query returns, frozen throughout",
    ({ inner }) => ({
      append: async (event) => ({ ...await inner.append(event), event }),
    }),
  ),
  breach(
    "returns copies that can be changed",
    "returns from append the copy that query returns, frozen throughout",
    ({ inner }) => ({
      append: async (event) => structuredClone(await inner.append(event)),
    }),
  ),
  breach(
    "resolves before the event is there",
    "shows an event to every read once its append has resolved",
    ({ inner }) => ({
      append: (event) => {
        const later = turns(50).then(() => inner.append(event));
        later.catch(() => {});
        return Promise.resolve(Object.freeze({ seq: 1, event }));
      },
    }),
  ),
  breach(
    "writes chain fields into the caller's event",
    "leaves the caller's event as it was",
    ({ inner }) => ({
      append: async (event) => {
        const stored = await inner.append(event);
        if (!Object.isFrozen(event)) Object.assign(event, stored.event);
        return stored;
      },
    }),
  ),
  breach(
    "takes the text when it writes, not at append",
    "lesson 15: takes the text at append, whatever the caller changes afterwards",
    ({ inner }) => ({
      append: async (event) => {
        await turns(3);
        return await inner.append(event);
      },
    }),
  ),
  breach(
    "accepts an event without a check",
    "refuses an event that breaks a rule of the format, and stores nothing",
    ({ inner }) => ({
      append: (event) =>
        event.type.startsWith("tool.")
          ? inner.append({ ...event, type: `data.${event.type}` })
          : inner.append(event),
    }),
  ),
  breach(
    "takes a single event for an empty batch",
    "refuses a batch that is no iterable, such as a single event",
    ({ inner }) => ({
      appendAll: (events) => inner.appendAll(Array.from(events)),
    }),
  ),
  breach(
    "throws rather than rejects",
    "rejects rather than throws, so that one handler sees every failure",
    ({ inner }) => ({
      append: (event) => {
        createEvent(event);
        return inner.append(event);
      },
    }),
  ),
];
