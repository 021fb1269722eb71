/**
 * One thing that an agent, its harness or its tools did: the unit of the log.
 *
 * Field names are those of the stored JSON. An event made by
 * {@linkcode createEvent} or {@linkcode parseEvent} is frozen to the last
 * nested value.
 */
export interface Event {
  /** The event's own UUID, lower-case and hyphenated: the idempotency key. */
  readonly event_id: string;
  /** The run that the event belongs to: one hash chain each. */
  readonly trace_id: string;
  /** The task within the run. */
  readonly task_id: string;
  /** The event that caused this one, if any. */
  readonly parent_id: string | null;
  /** What happened: `harness.…` or `data.…`. */
  readonly type: string;
  /** When, as ISO 8601 with `Z`, an offset, or none. */
  readonly ts: string;
  /** Who says so; may be empty. */
  readonly source: string;
  /** The details, as JSON. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** The version of the payload's shape. */
  readonly schema_version: number;
  /** The hash of the trace's previous event; `null` on the first. */
  readonly prev_hash: string | null;
  /** SHA-256 over the canonical text, hex; `null` until appended. */
  readonly hash: string | null;
  /** HMAC-SHA256 of `hash`, hex; `null` when no signing key is set. */
  readonly sig: string | null;
}

/** An event and its place in the log. */
export interface StoredEvent {
  /** The log's own number for the event: growing, from 1. */
  readonly seq: number;
  /** The event as stored, with its chain fields. */
  readonly event: Event;
}

/** What {@linkcode createEvent} needs, and what it fills in when left out. */
export interface EventInit {
  /** The run that the event belongs to: a UUID in any usual spelling. */
  readonly trace_id: string;
  /** The task within the run. */
  readonly task_id: string;
  /** What happened: `harness.…` or `data.…`. */
  readonly type: string;
  /** Who says so; may be empty. */
  readonly source: string;
  /**
   * The event's own UUID.
   * @default {a fresh UUIDv7}
   */
  readonly event_id?: string;
  /**
   * The event that caused this one.
   * @default {null}
   */
  readonly parent_id?: string | null;
  /**
   * When: ISO 8601 text, or a `Date`, which is written in UTC.
   * @default {now, in UTC}
   */
  readonly ts?: string | Date;
  /**
   * The details: JSON values only.
   * @default {{}}
   */
  readonly payload?: Readonly<Record<string, unknown>>;
  /**
   * The version of the payload's shape.
   * @default {1}
   */
  readonly schema_version?: number;
  /**
   * The hash of the trace's previous event, for an event that is linked already.
   * @default {null}
   */
  readonly prev_hash?: string | null;
  /**
   * The event's hash, for an event that is linked already.
   * @default {null}
   */
  readonly hash?: string | null;
  /**
   * The signature, for an event that is linked already.
   * @default {null}
   */
  readonly sig?: string | null;
}
