import { createEvent, SinkError } from "../../../sinks/mod.ts";
import { type Breach, breach, unlinked } from "./breach.ts";

/** Idempotence that is not. */
export const IDEMPOTENCE: readonly Breach[] = [
  breach(
    "stores an event again that comes again",
    "lesson 4: returns the stored copy when an event comes again",
    ({ inner }) => ({
      append: (event) =>
        inner.append(
          createEvent({ ...unlinked(event), event_id: crypto.randomUUID() }),
        ),
    }),
  ),
  breach(
    "returns the event that came, not the stored copy",
    "lesson 4: returns the stored copy when an event comes again",
    ({ inner }) => {
      let seq = 0;
      return {
        append: async (event) => ({
          seq: ++seq,
          event: (await inner.append(event)).event,
        }),
      };
    },
  ),
  breach(
    "ignores every event whose id is there",
    "lesson 4: refuses other content under an id, and stores nothing",
    ({ inner }) => ({
      append: async (event) => {
        const { event_id } = createEvent(event);
        const [stored] = await inner.query({ event_id });
        return stored ?? await inner.append(event);
      },
    }),
  ),
  breach(
    "refuses the stored copy when it comes again",
    "returns the stored copy when that copy itself comes again",
    ({ inner }) => ({
      append: (event) =>
        event.hash === null ? inner.append(event) : Promise.reject(
          new SinkError("broken_link", "it is linked already"),
        ),
    }),
  ),
  breach(
    "compares texts, so that key order counts",
    "takes an event with its payload's keys in other order for the same",
    ({ inner }) => ({
      append: async (event) => {
        const { event_id } = event;
        const [stored] = await inner.query({ event_id });
        const turned = stored !== undefined &&
          JSON.stringify(stored.event.payload) !==
            JSON.stringify(event.payload);
        if (turned) throw new SinkError("duplicate_id", "the texts differ");
        return await inner.append(event);
      },
    }),
  ),
  breach(
    "checks the id in one turn and stores in another",
    "stores one copy when an event is appended many times at once",
    ({ inner }) => {
      const writing = new Set<string>();
      return {
        append: async (event) => {
          const { event_id } = event;
          const [stored] = await inner.query({ event_id });
          if (stored !== undefined) return stored;
          // Without a unique index, a second row gets the id; here, one like it.
          const again = writing.has(event_id);
          writing.add(event_id);
          const fresh = again ? { event_id: crypto.randomUUID() } : {};
          return await inner.append(createEvent({ ...event, ...fresh }));
        },
      };
    },
  ),
  breach(
    "takes 1.0 for 1",
    "tells 1.0 from 1 when an id comes again",
    ({ inner }) => ({
      append: (event) => inner.append(structuredClone(event)),
    }),
  ),
];
