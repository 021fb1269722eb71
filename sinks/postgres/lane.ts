import { SinkError } from "../sink_error.ts";
import type { PgClient, PgQuerier, PgRow } from "./client.ts";
import { Connections } from "./connections.ts";
import { fromPg, noAnswer, troubleOf } from "./failure.ts";
import { quoted } from "./schema.ts";
import type { Select } from "./select.ts";

const RETRY_MS_MIN = 20;
const RETRY_MS_MAX = 1000;

/** How a lane is made. */
export interface LaneOptions {
  readonly schema: string;
  readonly answerTimeoutMs: number;
  /** For how long a read is tried again while the server cannot be reached. */
  readonly reconnectMs: number;
  readonly prepare: boolean;
  /** How many connections it has at most. */
  readonly max: number;
  /** Makes a connection. */
  readonly connect: (signal: AbortSignal) => Promise<PgClient>;
}

/**
 * Runs statements, each on a connection that has nothing else to do meanwhile. One that
 * does not answer is given up: what is stuck must not hold up what comes after it.
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #prefix: string;
  readonly #connections: Connections<PgClient>;
  #isClosed = false;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#prefix = `${quoted(options.schema)}.`;
    this.#connections = new Connections(options.max, options.connect);
  }

  /** A statement with the schema's name in place of `ZU.`. */
  sql(text: string): string {
    return text.replaceAll("ZU.", () => this.#prefix);
  }

  /** Runs a statement by itself. */
  async query(
    select: Select,
    what: string,
    signal?: AbortSignal,
  ): Promise<readonly PgRow[]> {
    try {
      return await this.run((client) => this.on(client, select), signal);
    } catch (error) {
      // What was under way when the sink was closed has failed for that reason.
      throw this.#isClosed ? closed() : fromPg(error, what);
    }
  }

  /** Runs a statement that changes nothing, again if the connection is lost. */
  async read(
    select: Select,
    what: string,
    signal?: AbortSignal,
  ): Promise<readonly PgRow[]> {
    const deadline = performance.now() + this.#options.reconnectMs;
    for (
      let waitMs = RETRY_MS_MIN;;
      waitMs = Math.min(waitMs * 2, RETRY_MS_MAX)
    ) {
      try {
        return await this.query(select, what, signal);
      } catch (error) {
        const isLost = error instanceof SinkError &&
          troubleOf(error.cause) === "lost";
        if (!isLost || performance.now() + waitMs > deadline) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }

  /** Runs a statement on a connection. */
  async on(
    querier: PgQuerier,
    { sql, params, asBytes, isPlannedAnew = false }: Select,
  ): Promise<readonly PgRow[]> {
    const prepare = this.#options.prepare && !isPlannedAnew;
    return await querier.unsafe(this.sql(sql), params, { prepare, asBytes });
  }

  /** Runs a transaction. */
  async transaction<Result>(
    work: (tx: PgQuerier) => Promise<Result>,
  ): Promise<Result> {
    return await this.run(async (client) => {
      try {
        await client.unsafe("BEGIN");
        const result = await work(client);
        await client.unsafe("COMMIT");
        return result;
      } catch (error) {
        // The server rolls back, and lets go of every lock, when it is gone.
        client.destroy();
        throw error;
      }
    });
  }

  /** Has something done with a connection, and gives it up if there is no answer. */
  async run<Result>(
    work: (client: PgClient) => Promise<Result>,
    signal?: AbortSignal,
  ): Promise<Result> {
    signal?.throwIfAborted();
    const done = this.#lend(work);
    if (signal === undefined) return await done;
    const { promise: stopped, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort);
    // Nobody waits for it any more, when it was stopped.
    done.catch(() => {});
    try {
      return await Promise.race([done, stopped]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  async #lend<Result>(
    work: (client: PgClient) => Promise<Result>,
  ): Promise<Result> {
    const client = await this.#connections.take();
    const { answerTimeoutMs } = this.#options;
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => reject(noAnswer(answerTimeoutMs)),
      answerTimeoutMs,
    );
    const working = work(client);
    // Nobody waits for it any more, when it is too late.
    working.catch(() => {});
    try {
      return await Promise.race([working, late]);
    } catch (error) {
      // A server may say so on a connection that stays: a standby, say.
      if (troubleOf(error) === "lost") client.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
      this.#connections.give(client);
    }
  }

  /** Ends the connections; what is under way gets no answer. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#connections.close(closed());
  }
}

function closed(): SinkError {
  return new SinkError("closed", "The sink is closed. Open it again");
}
