import type { ChangeSignal } from "../_change_signal.ts";
import type { PgClient, PgClientOptions } from "./client.ts";
import { Lane, type LaneOptions } from "./lane.ts";
import { quoted } from "./schema.ts";

/** How often others are told of this sink's commits at most. */
const NOTIFY_MS = 10;

/** What {@linkcode Others} works with. */
export interface OthersOptions extends Omit<LaneOptions, "max" | "connect"> {
  readonly lockClass: number;
  readonly change: ChangeSignal;
  /** Where others are told. */
  readonly lane: Lane;
  /** Makes the connection that listens. */
  readonly connect: (
    on: Required<Pick<PgClientOptions, "onNotify" | "onClose">>,
    signal: AbortSignal,
  ) => Promise<PgClient>;
}

/**
 * Tells other sinks of the log that it has grown, and hears of it from them.
 *
 * They are told behind a commit and not with it: PostgreSQL lets only one transaction
 * at a time commit a NOTIFY, and has it hold the others up until it is on disk. One
 * that gets lost, with its process or its connection, is made up for by looking.
 */
export class Others {
  readonly #lane: Lane;
  readonly #channel: string;
  readonly #ears: Lane;
  #listening: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #telling: Promise<void> = Promise.resolve();

  constructor(options: OthersOptions) {
    const { lane, lockClass, change, connect } = options;
    this.#lane = lane;
    this.#channel = `zu_${lockClass}`;
    const onClose = () => {
      this.#listening = undefined;
    };
    const onNotify = () => change.notify();
    this.#ears = new Lane({
      ...options,
      max: 1,
      connect: (signal) => connect({ onNotify, onClose }, signal),
    });
  }

  /** Has others told, soon. */
  tell(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#telling = this.#telling.then(() => this.#notify());
    }, NOTIFY_MS);
  }

  async #notify(): Promise<void> {
    // Its commit is on nobody's disk, and need not wait for one.
    const sql =
      "SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, '')";
    await this.#lane.query({ sql, params: [this.#channel] }, "notify").catch(
      () => {/* Whoever follows looks by itself, only later. */},
    );
  }

  /**
   * Listens from now on, if it does not yet: whoever follows asks for it before each
   * look at the log, so that what came while a connection was lost is found.
   */
  async listen(): Promise<void> {
    this.#listening ??= this.#listen();
    await this.#listening;
  }

  async #listen(): Promise<void> {
    const sql = `LISTEN ${quoted(this.#channel)}`;
    try {
      await this.#ears.query({ sql, params: [] }, "listen");
    } catch {
      // Without it there is looking alone; the next look tries again.
      this.#listening = undefined;
    }
  }

  /** Tells what is still to be told, and stops listening. */
  async close(): Promise<void> {
    if (this.#timer !== undefined) {
      clearTimeout(this.#timer);
      this.#telling = this.#telling.then(() => this.#notify());
    }
    await this.#telling;
    await this.#ears.close();
  }
}
