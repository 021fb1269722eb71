import {
  createEvent,
  type Event,
  type EventFilter,
  linkEvent,
  type StoredEvent,
} from "../../../sinks/mod.ts";
import { Random } from "./random.ts";
import { MADE_UP_HASH, plain, sample, uuid } from "./samples.ts";

const TRACES = [1, 2, 3, 4, 5].map((n) => uuid(0x100 + n));
const TASKS = [1, 2, 3].map((n) => uuid(0x200 + n));
const TYPES = ["harness.a", "harness.b", "data.é"];
const SOURCES = ["", "a", "A", "b\0", "😀"];
const USERS = ["ann", "", null, 1, true, 1.5];

/** Draws what the model test asks of both sinks. */
export class ModelInput {
  /** The generator that everything is drawn from. */
  readonly random: Random;
  #drawn: number;

  /**
   * Begins to draw.
   *
   * @param seed What is drawn.
   * @param drawn How many new events there have been: the next one's id.
   */
  constructor(seed: number, drawn = 0) {
    this.random = new Random(seed);
    this.#drawn = drawn;
  }

  /** An event: mostly new, at times one that is there, or nearly so. */
  event(log: readonly StoredEvent[]): Event {
    const kind = this.random.below(20);
    if (log.length === 0 || kind < 13) return this.#fresh(log);
    const { event } = this.random.pick(log);
    if (kind < 15) return event;
    if (kind < 16) return createEvent({ ...plain(event), hash: null });
    if (kind < 17) return createEvent({ ...plain(event), source: "changed" });
    const fresh = this.#fresh(log);
    if (kind < 18) return createEvent({ ...fresh, hash: MADE_UP_HASH });
    // Linked behind some event of its trace, which may or may not be the last.
    const same = log.filter((stored) =>
      stored.event.trace_id === fresh.trace_id
    );
    if (same.length === 0) return linkEvent(fresh, null);
    const behind = kind < 19 ? same.at(-1)! : this.random.pick(same);
    return linkEvent(fresh, behind.event.hash);
  }

  /** A few events, at times the same one twice. */
  batch(log: readonly StoredEvent[]): Event[] {
    const events = Array.from(
      { length: this.random.below(6) },
      () => this.random.oneIn(4) ? this.event(log) : this.#fresh(log),
    );
    if (events.length > 0 && this.random.oneIn(5)) {
      events.push(this.random.pick(events));
    }
    return events;
  }

  /** A filter by none to three fields. */
  filter(log: readonly StoredEvent[]): EventFilter {
    const { random } = this;
    const filter: Record<string, string | number | boolean | null> = {};
    for (let n = random.below(4); n > 0; n--) {
      const fields: Record<string, string | number | boolean | null> = {
        event_id: log.length === 0 ? uuid(0) : random.pick(log).event.event_id,
        trace_id: random.pick(TRACES).toUpperCase(),
        task_id: random.pick(TASKS),
        parent_id: random.oneIn(2) ? null : random.pick(TASKS),
        type: random.pick(TYPES),
        source: random.pick(SOURCES),
        user: USERS[random.below(USERS.length)]!,
        nowhere: "unknown",
      };
      // A field that is not indexed is asked for, but seldom.
      const names = Object.keys(fields);
      const name = random.pick(random.oneIn(8) ? names : names.slice(0, -1));
      filter[name] = fields[name]!;
    }
    return filter;
  }

  #fresh(log: readonly StoredEvent[]): Event {
    const { random } = this;
    const ctx = random.oneIn(3)
      ? {}
      : { ctx: { user: USERS[random.below(USERS.length)]! } };
    return sample({
      event_id: uuid(0x10000 + this.#drawn++),
      trace_id: random.pick(TRACES),
      task_id: random.pick(TASKS),
      parent_id: random.oneIn(2) ? null : random.pick(TASKS),
      type: random.pick(TYPES),
      source: random.pick(SOURCES),
      payload: { ...ctx, n: log.length, text: "x".repeat(random.below(50)) },
    });
  }
}
