import { EngineError } from "./engine_error.ts";
import { type Filters, hasLabel, lets } from "./filters.ts";

/** An event, in the fields that the engine sends. */
export interface EngineEvent {
  /** The action again, of a container's event alone. */
  readonly status?: string;
  /** The container's id. */
  readonly id?: string;
  /** The container's image. */
  readonly from?: string;
  /** What it is about: `container` or `image`. */
  readonly Type: string;
  /** What happened, such as `die` or `exec_start: sh -c true`. */
  readonly Action: string;
  /** To whom. */
  readonly Actor: {
    readonly ID: string;
    readonly Attributes: Readonly<Record<string, string>>;
  };
  /** Where; always `local`. */
  readonly scope: string;
  /** When, in seconds. */
  readonly time: number;
  /** When, in nanoseconds, as near as a number comes. */
  readonly timeNano: number;
}

/** The names of the filters that events have. */
export const EVENT_FILTERS: readonly string[] = [
  "container",
  "event",
  "image",
  "label",
  "type",
];

/** How many events the engine remembers. */
const EVENTS_MAX = 256;

/** What has happened. */
export class EventLog {
  readonly #now: () => number;
  readonly #events: EngineEvent[] = [];

  /**
   * Makes an empty log.
   *
   * @param now Tells the time, in milliseconds since 1970.
   */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Notes what has happened to a container. */
  container(
    container: {
      readonly id: string;
      readonly name: string;
      readonly imageName: string;
      readonly labels: Readonly<Record<string, string>>;
    },
    action: string,
    attributes: Readonly<Record<string, string>> = {},
  ): void {
    const { id, name, imageName, labels } = container;
    this.#add({
      status: action,
      id,
      from: imageName,
      Type: "container",
      Action: action,
      Actor: {
        ID: id,
        Attributes: { ...labels, ...attributes, image: imageName, name },
      },
    });
  }

  /** Notes what has happened to an image. */
  image(name: string, action: string): void {
    const Actor = { ID: name, Attributes: { name } };
    this.#add({
      status: action,
      id: name,
      Type: "image",
      Action: action,
      Actor,
    });
  }

  /**
   * The events of a time, in order.
   *
   * @param since From when, in seconds; from the first when null.
   * @param until Until when, in seconds; until now when null.
   * @param filters Which ones.
   * @throws {EngineError} If a time is no number.
   */
  select(
    since: string | null,
    until: string | null,
    filters: Filters,
  ): EngineEvent[] {
    const from = since === null ? -Infinity : seconds(since);
    const to = until === null ? Infinity : seconds(until);
    return this.#events.filter((event) => {
      const at = event.timeNano / 1e9;
      return at >= from && at <= to && fits(event, filters);
    });
  }

  #add(event: Omit<EngineEvent, "scope" | "time" | "timeNano">): void {
    const now = this.#now();
    this.#events.push({
      ...event,
      scope: "local",
      time: Math.floor(now / 1000),
      timeNano: now * 1e6,
    });
    if (this.#events.length > EVENTS_MAX) this.#events.shift();
  }
}

function fits({ Type, Action, Actor }: EngineEvent, filters: Filters): boolean {
  // `exec_start` also stands for `exec_start: the command`.
  const actions = /^exec_(?:create|start): /.test(Action)
    ? [Action, Action.slice(0, Action.indexOf(":"))]
    : [Action];
  const { ID, Attributes } = Actor;
  if (filters.has("container")) {
    const wanted = filters.get("container") ?? [];
    const isWanted = wanted.some((one) =>
      ID.startsWith(one) || Attributes["name"] === one
    );
    if (Type !== "container" || !isWanted) return false;
  }
  const image = Type === "image" ? ID : Attributes["image"] ?? "";
  return lets(filters, "type", Type) && lets(filters, "event", ...actions) &&
    lets(filters, "image", image) && hasLabel(filters, Attributes);
}

function seconds(text: string): number {
  if (!/^\d+(?:\.\d+)?$/.test(text)) {
    throw new EngineError(400, `failed to parse value as time: ${text}`);
  }
  return Number(text);
}
