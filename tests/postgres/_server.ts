import {
  copyData,
  dataOf,
  makeData,
  type Settings,
  writeSettings,
} from "./_data_folder.ts";
import { eventually } from "./_eventually.ts";
import { GuardedFolder } from "./_guarded_folder.ts";
import { freePort } from "./_port.ts";
import { ask, environment, program } from "./_programs.ts";

/** How often another port is tried if somebody has taken the one that was free. */
const PORTS_MAX = 5;
/** How much of its log is shown if it does not start. */
const LOG_CHARS_MAX = 2_000;

/** What all servers of the tests have, unless they are told otherwise. */
const SETTINGS: Settings = {
  shared_buffers: "32MB",
  // In its folder, where /dev/shm would keep it of a server that was killed.
  dynamic_shared_memory_type: "mmap",
};

/** What a server may be told. */
export interface PostgresServerOptions {
  /** Settings beside those that all servers of the tests have. */
  readonly settings?: Settings;
  /**
   * The server that it is to follow, as a streaming standby of it: made from a copy,
   * with the settings of its primary but synchronous_standby_names.
   */
  readonly standbyOf?: PostgresServer;
  /**
   * Its name, by which synchronous_standby_names knows a standby.
   *
   * @default "standby" for a standby, else "primary".
   */
  readonly name?: string;
}

/** A server's oldest process, which starts all others. */
interface Postmaster {
  readonly pid: number;
  readonly ended: Promise<unknown>;
}

/**
 * A PostgreSQL server of a test's own, on 127.0.0.1 and on a socket: with its data in a
 * temporary folder, fsync on, and one superuser, `postgres`, whom it asks for nothing.
 * Nothing of it outlives the test, however that ends.
 */
export class PostgresServer implements AsyncDisposable {
  /** Its name, which is its application_name where it follows another. */
  readonly name: string;
  readonly #folder: GuardedFolder;
  #port: number = freePort();
  #postmaster: Postmaster | undefined;

  private constructor(folder: GuardedFolder, name: string) {
    this.#folder = folder;
    this.name = name;
  }

  /**
   * Makes a server, and starts it.
   *
   * @returns It, once it answers; a standby, once it also streams from its primary.
   */
  static async start(
    { settings = {}, standbyOf, name }: PostgresServerOptions = {},
  ): Promise<PostgresServer> {
    const kind = standbyOf === undefined ? "primary" : "standby";
    const folder = await GuardedFolder.make();
    const server = new PostgresServer(folder, name ?? kind);
    try {
      if (standbyOf === undefined) {
        await makeData(folder);
        await writeSettings(folder, { ...SETTINGS, ...settings });
      } else {
        await copyData(folder, standbyOf.url());
        const own = { synchronous_standby_names: "", ...settings };
        await writeSettings(folder, own);
      }
      await server.#startAtSomePort();
      if (standbyOf !== undefined) await server.#streamsFrom(standbyOf);
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Its folder: its data are in `data`, what it says is in `log`. */
  get folder(): string {
    return this.#folder.path;
  }

  /** Its port on 127.0.0.1, which stays when it is started again. */
  get port(): number {
    return this.#port;
  }

  /** The path of its socket. */
  get socket(): string {
    return `${this.folder}/.s.PGSQL.${this.#port}`;
  }

  /** Where a client reaches it, and one of its databases. */
  url(database = "postgres"): string {
    return `postgres://postgres@127.0.0.1:${this.#port}/${database}`;
  }

  /** Asks it with psql: a row a line, `|` between values. */
  async psql(sql: string, database?: string): Promise<string> {
    return await ask(this.url(database), sql);
  }

  /** Changes settings of it while it runs: those that take no new start. */
  async configure(settings: Settings): Promise<void> {
    const before = await this.psql("SELECT pg_conf_load_time()");
    await writeSettings(this.#folder, settings);
    await this.psql("SELECT pg_reload_conf()");
    await eventually("its settings", async () => {
      const since = `SELECT pg_conf_load_time() > '${before}'`;
      return await this.psql(since) === "t";
    });
  }

  /** The processes that it has. */
  async processes(): Promise<number[]> {
    return await this.#folder.processes();
  }

  /**
   * Sends a signal to all of its processes: SIGKILL, as if the power had been cut,
   * and it is over when none is left; or SIGSTOP, as if its machine or the network had
   * hung, and SIGCONT.
   */
  async kill(
    signal: "SIGKILL" | "SIGSTOP" | "SIGCONT" = "SIGKILL",
  ): Promise<void> {
    const { pid, ended } = this.#running();
    for (;;) {
      const pids = await this.processes();
      // The oldest first: it would take the death of another for a crash, and see to it.
      pids.sort((a, b) => Number(b === pid) - Number(a === pid));
      for (const each of pids) send(each, signal);
      if (signal !== "SIGKILL") return;
      if (pids.length === 0) break;
    }
    await ended;
  }

  /**
   * Stops it: `fast` ends what its clients are at, and leaves nothing to recover;
   * `immediate` leaves that to the next start.
   */
  async stop(mode: "fast" | "immediate" = "fast"): Promise<void> {
    send(this.#running().pid, mode === "fast" ? "SIGINT" : "SIGQUIT");
    await eventually(
      `the end of ${this.name}`,
      () => this.#postmaster === undefined,
    );
  }

  /** Starts it again on the same data and port; returns when it answers. */
  async start(): Promise<void> {
    if (this.#postmaster !== undefined) throw new Error(`${this.name} runs`);
    const postmaster = await this.#spawn();
    await eventually(`an answer of ${this.name}`, async () => {
      if (this.#postmaster !== postmaster) {
        const said = await Deno.readTextFile(`${this.folder}/log`);
        throw new Error(
          `${this.name} has ended before it answered; it said:\n` +
            said.slice(-LOG_CHARS_MAX),
        );
      }
      return await this.#answers();
    });
  }

  /** Makes a standby into a primary; returns when it takes writes. */
  async promote(): Promise<void> {
    await this.psql("SELECT pg_promote(wait => true, wait_seconds => 30)");
    await eventually(
      `the promotion of ${this.name}`,
      async () => await this.psql("SELECT pg_is_in_recovery()") === "f",
    );
  }

  /** Makes a standby that follows it: see {@linkcode PostgresServerOptions}. */
  async standby(
    options: Omit<PostgresServerOptions, "standbyOf"> = {},
  ): Promise<PostgresServer> {
    return await PostgresServer.start({ ...options, standbyOf: this });
  }

  /** Kills it and removes its folder, whatever has happened to it. */
  async [Symbol.asyncDispose](): Promise<void> {
    const postmaster = this.#postmaster;
    await this.#folder[Symbol.asyncDispose]();
    await postmaster?.ended;
  }

  #running(): Postmaster {
    if (this.#postmaster !== undefined) return this.#postmaster;
    throw new Error(`${this.name} does not run`);
  }

  async #startAtSomePort(): Promise<void> {
    for (let left = PORTS_MAX - 1;; left--) {
      try {
        return await this.start();
      } catch (error) {
        const isTaken = error instanceof Error &&
          error.message.includes("could not create any TCP/IP sockets");
        if (!isTaken || left === 0) throw error;
        this.#port = freePort();
      }
    }
  }

  async #spawn(): Promise<Postmaster> {
    // In a session of its own, and with its output in a file that nobody has to read.
    const child = new Deno.Command("setsid", {
      args: [
        ...["sh", "-c", 'exec "$@" >>"$0" 2>&1', `${this.folder}/log`],
        ...this.#folder.command(await program("postgres")),
        ...[
          "-D",
          dataOf(this.#folder),
          "-p",
          `${this.#port}`,
          "-h",
          "127.0.0.1",
        ],
        ...["-k", this.folder, "-c", `cluster_name=${this.name}`],
      ],
      cwd: this.folder,
      ...environment(),
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const ended = child.status.then(() => this.#postmaster = undefined);
    return this.#postmaster = { pid: child.pid, ended };
  }

  /** Asks at the socket, which is its own, and which it opens after its port. */
  async #answers(): Promise<boolean> {
    const { success } = await new Deno.Command(await program("pg_isready"), {
      args: [`--host=${this.folder}`, `--port=${this.#port}`],
      ...environment(),
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  }

  async #streamsFrom(primary: PostgresServer): Promise<void> {
    const state = "SELECT state FROM pg_stat_replication " +
      `WHERE application_name = '${this.name}'`;
    await eventually(
      `${this.name} streaming from ${primary.name}`,
      async () => await primary.psql(state) === "streaming",
    );
  }
}

/** Sends a signal to a process, if it is still there. */
function send(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
