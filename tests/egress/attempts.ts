import type { EgressAttempt } from "../../backends/egress_attempt.ts";

const PATIENCE_MS = 5_000;

/** The records that came from the proxies, in their order. */
export class Attempts {
  readonly #all: EgressAttempt[] = [];
  #onAdd: () => void = () => {};

  /** Takes down a record; to be given to the backend. */
  readonly add = (attempt: EgressAttempt): void => {
    this.#all.push(attempt);
    this.#onAdd();
  };

  /** How many there are. */
  get count(): number {
    return this.#all.length;
  }

  /** Those from a count on. */
  since(count: number): readonly EgressAttempt[] {
    return this.#all.slice(count);
  }

  /** Waits for records from a count on, for a while; returns whether they came. */
  async come(
    since: number,
    holds: (attempts: readonly EgressAttempt[]) => boolean,
  ): Promise<boolean> {
    const deadline = performance.now() + PATIENCE_MS;
    while (!holds(this.since(since))) {
      const left = deadline - performance.now();
      if (left <= 0) return false;
      let timer: ReturnType<typeof setTimeout> | undefined;
      await new Promise<void>((resolve) => {
        this.#onAdd = resolve;
        timer = setTimeout(resolve, left);
      });
      clearTimeout(timer);
    }
    return true;
  }
}

/** Records in a few words: how many of which reason. */
export function describeAttempts(attempts: readonly EgressAttempt[]): string {
  const counts = new Map<string, number>();
  for (const { reason } of attempts) {
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts].map(([reason, count]) =>
    count === 1 ? reason : `${count} × ${reason}`
  ).join(", ") || "none";
}

/** A record in a line. */
export function describeAttempt(
  { method, host, port, ip, reason, allowed }: EgressAttempt,
): string {
  return `${method ?? "?"} ${host}:${port} at ${ip} ${
    allowed ? "allowed" : "refused"
  }, ${reason}`;
}
