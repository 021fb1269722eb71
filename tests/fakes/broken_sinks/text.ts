import {
  createEvent,
  type Event,
  parseEvent,
  serializeEvent,
  SinkError,
  type StoredEvent,
} from "../../../sinks/mod.ts";
import { type Breach, breach } from "./breach.ts";

async function* reread(
  stored: AsyncIterable<StoredEvent>,
  change: (event: Event) => Event,
): AsyncGenerator<StoredEvent> {
  for await (const { seq, event } of stored) {
    yield Object.freeze({ seq, event: change(event) });
  }
}

/** A sink that writes and reads back with a change that is easily made. */
function lossy(what: string, rule: string, change: (event: Event) => Event) {
  return breach(what, rule, ({ inner }) => ({
    query: async (filter, options) =>
      (await inner.query(filter, options)).map(({ seq, event }) =>
        Object.freeze({ seq, event: change(event) })
      ),
    stream: (filter, options) => reread(inner.stream(filter, options), change),
  }));
}

/** Text that is not what was given. */
export const TEXT: readonly Breach[] = [
  lossy(
    "writes numbers anew",
    "keeps payloads as another program wrote them, 1.0 and 2**70 included",
    (event) => createEvent(event),
  ),
  lossy(
    "cuts text at NUL",
    "keeps payloads of every kind, to the letter",
    (event) =>
      parseEvent(serializeEvent(event).replaceAll(/\\u0000[^"]*/g, "")),
  ),
  lossy(
    "normalises text",
    "keeps payloads of every kind, to the letter",
    (event) => parseEvent(serializeEvent(event).normalize("NFC")),
  ),
  lossy(
    "drops keys that an object has by itself",
    "keeps payloads of every kind, to the letter",
    (event) => {
      const payload: Record<string, unknown> = {};
      for (const [key, value] of Object.entries(event.payload)) {
        if (!(key in payload)) payload[key] = value;
      }
      return createEvent({ ...event, payload });
    },
  ),
  lossy(
    "moves times to UTC",
    "keeps times in their zones",
    (event) => createEvent({ ...event, ts: new Date(event.ts) }),
  ),
  breach("bounds what a payload holds", "keeps a payload of 2 MiB", (
    { inner },
  ) => ({
    append: (event) =>
      serializeEvent(event).length > 2 ** 20
        ? Promise.reject(new SinkError("io", "The row is too long"))
        : inner.append(event),
  })),
];
