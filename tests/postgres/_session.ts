import postgres from "postgres";

/** A connection of a test's own, with which it holds locks and transactions open. */
export class Session implements AsyncDisposable {
  readonly #sql: ReturnType<typeof postgres>;

  /** Makes one; nothing is contacted before it is asked. */
  constructor(url: string) {
    this.#sql = postgres(url, { max: 1, onnotice: () => {} });
  }

  /** Asks, and returns the rows. */
  async ask(
    sql: string,
    params: readonly unknown[] = [],
  ): Promise<readonly Record<string, unknown>[]> {
    return await this.#sql.unsafe(sql, [...params] as never[]);
  }

  /** Ends it, and with it whatever it holds. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sql.end({ timeout: 1 });
  }
}
