import type { EventSink, SinkSupports } from "../../../sinks/mod.ts";

/** How a rule wants its sink opened; every adapter has these two options. */
export interface SinkOpenOptions {
  /** Fields of `payload.ctx` to filter by. */
  readonly ctxFields?: readonly string[];
  /** The key that signs each event's hash. */
  readonly signKey?: Uint8Array;
}

/** What a rule has at hand: one log, empty at first, and a bound for waiting. */
export interface RuleContext {
  /** What the adapter declares. */
  readonly supports: SinkSupports;
  /** The seed of whatever the rule draws. */
  readonly seed: number;
  /** Opens the log. What a rule leaves open is closed after it. */
  open(options?: SinkOpenOptions): Promise<EventSink>;
  /** Waits for what must come soon, and fails when it does not. */
  soon<T>(what: string, promise: Promise<T>): Promise<T>;
}

/** A rule of the port, and how to see that a sink keeps it. */
export interface EventSinkRule {
  /**
   * What a sink does that keeps it, in plain words. Begins with `lesson N: `
   * where the rule comes from one.
   */
  readonly name: string;
  /** What the adapter must declare for the rule to hold for it. */
  readonly needs?: keyof SinkSupports;
  /** What the adapter must not declare for the rule to hold for it. */
  readonly unless?: keyof SinkSupports;
  /** Fails if the sink breaks the rule. */
  readonly check: (context: RuleContext) => Promise<void>;
}
