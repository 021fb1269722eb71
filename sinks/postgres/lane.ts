import { SinkError } from "../sink_error.ts";
import type { PgClient, PgQuerier, PgRow } from "./client.ts";
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
  /** Makes a client; another one when the one before was given up. */
  readonly client: () => Promise<PgClient>;
}

/**
 * A client that is given up, and made anew, when the server does not answer: what is
 * stuck on a connection must not hold up what comes after it.
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #prefix: string;
  #client: Promise<PgClient> | undefined;
  #isClosed = false;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#prefix = `${quoted(options.schema)}.`;
  }

  /** A statement with the schema's name in place of `ZU.`. */
  sql(text: string): string {
    return text.replaceAll("ZU.", () => this.#prefix);
  }

  /** Runs a statement by itself. */
  async query(
    { sql, params }: Select,
    what: string,
    signal?: AbortSignal,
  ): Promise<readonly PgRow[]> {
    try {
      return await this.run(
        (client) => this.on(client, { sql, params }),
        signal,
      );
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

  /** Runs a statement on a client or in a transaction of it. */
  async on(
    querier: PgQuerier,
    { sql, params }: Select,
  ): Promise<readonly PgRow[]> {
    const { prepare } = this.#options;
    return await querier.unsafe(this.sql(sql), params, { prepare });
  }

  /** Has something done with the client, and gives it up if there is no answer. */
  async run<Result>(
    work: (client: PgClient) => Promise<Result>,
    signal?: AbortSignal,
  ): Promise<Result> {
    signal?.throwIfAborted();
    const client = await this.#get();
    const { answerTimeoutMs } = this.#options;
    const { promise: stopped, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      reject(noAnswer(answerTimeoutMs));
      this.#giveUp(client);
    }, answerTimeoutMs);
    const onAbort = () => reject(signal!.reason);
    signal?.addEventListener("abort", onAbort);
    const working = work(client);
    try {
      return await Promise.race([working, stopped]);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      // Nobody waits for it any more, when it is too late.
      working.catch(() => {});
    }
  }

  async #get(): Promise<PgClient> {
    if (this.#isClosed) throw closed();
    const client = this.#client ??= this.#options.client();
    return await client;
  }

  #giveUp(stuck: PgClient): void {
    this.#client = undefined;
    // Whoever else is on it is told that the connection is gone.
    stuck.end({ timeout: 0 }).catch(() => {});
  }

  /** Ends the connections; what is under way gets no answer. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await (await this.#client)?.end({ timeout: 0 });
  }
}

function closed(): SinkError {
  return new SinkError("closed", "The sink is closed. Open it again");
}
