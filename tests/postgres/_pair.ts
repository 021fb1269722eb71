import { eventually } from "./_eventually.ts";
import { PostgresServer } from "./_server.ts";

/** A commit that waits for the standby. */
export interface Waiting {
  /** The server's process. */
  readonly pid: number;
  /** When its transaction has begun. */
  readonly since: string;
}

/** A primary that waits for its standby, and that standby. */
export class Pair implements AsyncDisposable {
  readonly primary: PostgresServer;
  readonly standby: PostgresServer;

  private constructor(primary: PostgresServer, standby: PostgresServer) {
    this.primary = primary;
    this.standby = standby;
  }

  /** Starts both. */
  static async start(): Promise<Pair> {
    const primary = await PostgresServer.start();
    try {
      const standby = await primary.standby();
      const pair = new Pair(primary, standby);
      await pair.isWaitedFor(true);
      return pair;
    } catch (error) {
      await primary[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Has the primary wait for the standby, or not. */
  async isWaitedFor(isIt: boolean): Promise<void> {
    const names = isIt ? this.standby.name : "";
    await this.primary.configure({ synchronous_standby_names: names });
    await eventually("a standby in step", async () => {
      const state = "SELECT sync_state FROM pg_stat_replication";
      return await this.primary.psql(state) === (isIt ? "sync" : "async");
    });
  }

  /** Where a client reaches both, the standby first. */
  get url(): string {
    const hosts = [this.standby, this.primary].map(({ port }) =>
      `127.0.0.1:${port}`
    );
    return `postgres://postgres@${hosts.join()}/postgres?` +
      "target_session_attrs=read-write";
  }

  /**
   * Waits until a commit waits for the standby.
   *
   * @param before One that has waited before, and is not meant.
   */
  async waiting(before?: Waiting): Promise<Waiting> {
    const sql = "SELECT pid, xact_start FROM pg_stat_activity " +
      "WHERE wait_event = 'SyncRep'";
    let found = "";
    await eventually("a commit that waits for the standby", async () => {
      found = await this.primary.psql(sql);
      return found !== "" && found !== `${before?.pid}|${before?.since}`;
    });
    const [pid, since] = found.split("|") as [string, string];
    return { pid: Number(pid), since };
  }

  /** Ends both. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.standby[Symbol.asyncDispose]();
    await this.primary[Symbol.asyncDispose]();
  }
}
