/** What came in at a receiver. */
export interface Arrival {
  /** Where: an address and port, or the name of a counter. */
  readonly where: string;
  /** What. */
  readonly kind:
    | "open"
    | "close"
    | "request"
    | "bytes"
    | "datagram"
    | "query"
    | "packet";
  /** Whom from. */
  readonly peer: string;
  /** A request's first line and host, a name that was asked for, or bytes. */
  readonly text: string;
}

const PATIENCE_MS = 10_000;

/**
 * All that came in anywhere. What an attack did is told from this, and never from
 * what the attacker says.
 */
export class Witness {
  readonly #arrivals: Arrival[] = [];
  readonly #settling: (() => Promise<void>)[] = [];

  /** Takes down an arrival. */
  add(arrival: Arrival): void {
    this.#arrivals.push(arrival);
  }

  /** Has a source of arrivals asked, before anything is read, for those it has. */
  settleWith(settle: () => Promise<void>): void {
    this.#settling.push(settle);
  }

  /** How many there are, once every source has told what it has. */
  async count(): Promise<number> {
    await Promise.all(this.#settling.map((settle) => settle()));
    return this.#arrivals.length;
  }

  /** Those from a count on, as far as they are known. */
  since(count: number): readonly Arrival[] {
    return this.#arrivals.slice(count);
  }

  /**
   * Waits for what must come in from a count on.
   *
   * @throws {Error} If it does not for a long time.
   */
  async come(
    since: number,
    holds: (arrivals: readonly Arrival[]) => boolean,
  ): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (!holds(this.since(since))) {
      if (performance.now() > deadline) {
        throw new Error("what should come in did not");
      }
      // Each source takes its time to tell what it has.
      await this.count();
    }
  }

  /** Does something, and returns what came in meanwhile. */
  async during<T>(
    what: () => Promise<T>,
  ): Promise<{ readonly result: T; readonly arrivals: readonly Arrival[] }> {
    const before = await this.count();
    const result = await what();
    await this.count();
    return { result, arrivals: this.since(before) };
  }
}

/** An arrival in a line. */
export function describeArrival({ where, kind, peer, text }: Arrival): string {
  return `${kind} at ${where} from ${peer}${text === "" ? "" : `: ${text}`}`;
}
