/** A connection, as far as it is lent. */
export interface Lendable {
  /** Whether it is of no use any more. */
  readonly isOver: boolean;
  /** Gives it up at once. */
  destroy(): void;
  /** Ends it; resolves when it is closed. */
  end(): Promise<void>;
}

/**
 * A few connections, each lent to one call at a time, and made when it is needed. What
 * is lost or given up is replaced.
 */
export class Connections<Client extends Lendable> {
  readonly #connect: (signal: AbortSignal) => Promise<Client>;
  readonly #idle: Client[] = [];
  readonly #lent = new Set<Client>();
  readonly #making = new Set<Promise<Client>>();
  readonly #waiting: PromiseWithResolvers<void>[] = [];
  readonly #closing = new AbortController();
  #free: number;

  /**
   * @param max How many at most.
   * @param connect Makes one, and stops when the signal fires.
   */
  constructor(
    max: number,
    connect: (signal: AbortSignal) => Promise<Client>,
  ) {
    this.#free = max;
    this.#connect = connect;
  }

  /**
   * Takes a connection, once one is free; whoever takes it gives it back.
   *
   * @throws What connecting has failed with, or what they were closed with.
   */
  async take(): Promise<Client> {
    this.#closing.signal.throwIfAborted();
    await this.#turn();
    try {
      this.#closing.signal.throwIfAborted();
      const client = this.#alive() ?? await this.#make();
      this.#lent.add(client);
      return client;
    } catch (error) {
      this.#next();
      throw error;
    }
  }

  /** Takes a connection back. */
  give(client: Client): void {
    this.#lent.delete(client);
    if (!client.isOver) this.#idle.push(client);
    this.#next();
  }

  #alive(): Client | undefined {
    for (;;) {
      const client = this.#idle.pop();
      if (client === undefined || !client.isOver) return client;
    }
  }

  async #make(): Promise<Client> {
    const making = this.#connect(this.#closing.signal);
    this.#making.add(making);
    try {
      const client = await making;
      const { aborted, reason } = this.#closing.signal;
      if (!aborted) return client;
      client.destroy();
      throw reason;
    } finally {
      this.#making.delete(making);
    }
  }

  async #turn(): Promise<void> {
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    const turn = Promise.withResolvers<void>();
    this.#waiting.push(turn);
    await turn.promise;
  }

  /** Lets the one in that has waited longest. */
  #next(): void {
    const turn = this.#waiting.shift();
    if (turn === undefined) this.#free++;
    else turn.resolve();
  }

  /** Ends all of them; whatever waits, or is under way, fails with the reason. */
  async close(reason: Error): Promise<void> {
    this.#closing.abort(reason);
    for (const turn of this.#waiting.splice(0)) turn.reject(reason);
    await Promise.allSettled(this.#making);
    const lent = [...this.#lent];
    for (const client of lent) client.destroy();
    await Promise.all([...lent, ...this.#idle].map((client) => client.end()));
  }
}
