import type { EventSink, StoredEvent } from "../../sinks/mod.ts";
import type { Random } from "../crash/_form.ts";
import { acknowledgedAs, type Ledger } from "../crash/_ledger.ts";
import { appendWithTasks } from "../crash/_workload.ts";
import { eventually } from "./_eventually.ts";

/** Sinks of this process that append, each with many tasks, until they are stopped. */
export class Load {
  /** How many events were acknowledged. */
  count = 0;
  readonly #appending: Promise<unknown>;
  #isOver = false;

  /** Has them begin; the ledger takes in what is acknowledged. */
  constructor(sinks: readonly EventSink[], ledger: Ledger, random: Random) {
    const acknowledged = (stored: StoredEvent) => {
      ledger.add([acknowledgedAs(stored)]);
      this.count++;
    };
    this.#appending = Promise.all(
      sinks.map((sink) =>
        appendWithTasks(sink, random, () => this.#isOver, acknowledged)
      ),
    );
    this.#appending.catch(() => {/* It is told by whoever waits. */});
  }

  /** Waits until so many more are acknowledged; fails if an append has failed. */
  async more(count: number): Promise<void> {
    const enough = this.count + count;
    await Promise.race([
      this.#appending,
      eventually(`${count} more events`, () => this.count >= enough),
    ]);
  }

  /** Waits for what is under way; fails if an append has failed. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#appending;
  }
}
