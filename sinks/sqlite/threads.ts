// The threads of one sink: a writer, a reader, and the lock that a writer needs.
import { SinkError } from "../sink_error.ts";
import { IN_MEMORY, type SqliteDriverName } from "./connection.ts";
import type { DriverChoice } from "./load_driver.ts";
import type { OpenRequest } from "./messages.ts";
import { claimForDriver } from "./one_driver.ts";
import { Thread } from "./thread.ts";
import { takeWriterLock } from "./writer_lock.ts";

/** What the threads are opened with. */
export interface ThreadsOptions extends OpenRequest {
  readonly choice: DriverChoice;
}

/** A thread with a loaded driver. */
interface Started {
  readonly thread: Thread;
  readonly driver: SqliteDriverName;
  readonly version: string;
}

/** Starts a thread and loads a driver in it. */
async function start(choice: DriverChoice): Promise<Started> {
  const thread = new Thread();
  try {
    const loaded = await thread.call("load", "load SQLite", choice);
    return { thread, ...loaded };
  } catch (error) {
    const hasDied = !thread.alive;
    await thread.close();
    if (hasDied) throw error;
    if (error instanceof SinkError && error.code !== "io") throw error;
    throw new SinkError(
      "driver_unavailable",
      `${(error as Error).message}. Grant --allow-ffi and install SQLite for ` +
        'driver "ffi", or use driver "builtin"',
      { cause: error },
    );
  }
}

/** All of them, or none: where one fails, the others are ended. */
async function allStarted(starts: Promise<Started>[]): Promise<Started[]> {
  const results = await Promise.allSettled(starts);
  const failed = results.find(({ status }) => status === "rejected");
  if (failed === undefined) return await Promise.all(starts);
  for (const result of results) {
    if (result.status === "fulfilled") await result.value.thread.close();
  }
  throw (failed as PromiseRejectedResult).reason;
}

/** Opens a connection in a thread of its own. */
export async function startConnection(
  choice: DriverChoice,
  request: OpenRequest,
): Promise<Thread> {
  const { thread } = await start(choice);
  await openIn(thread, request);
  return thread;
}

async function openIn(thread: Thread, request: OpenRequest): Promise<void> {
  try {
    await thread.call("open", `open ${request.path}`, request);
  } catch (error) {
    await thread.close();
    throw error;
  }
}

/** A thread that is started when it is needed, and again when it has died. */
class Place {
  readonly #start: () => Promise<Thread>;
  #thread: Promise<Thread> | undefined;

  constructor(start: () => Promise<Thread>) {
    this.#start = start;
  }

  /** Puts the first thread here. */
  async put(thread: Promise<Thread>): Promise<void> {
    this.#thread = thread;
    await thread;
  }

  /** The living thread; whoever asks while one is being started shares it. */
  async get(): Promise<Thread> {
    while (true) {
      const thread = this.#thread ??= this.#start();
      try {
        const started = await thread;
        if (started.alive) return started;
      } catch (error) {
        this.#clear(thread);
        throw error;
      }
      this.#clear(thread);
    }
  }

  #clear(thread: Promise<Thread>): void {
    if (this.#thread === thread) this.#thread = undefined;
  }

  async close(): Promise<void> {
    // A thread that could not be started has been ended where that was seen.
    await (await this.#thread?.catch(() => undefined))?.close();
  }
}

/** A sink's connections. A thread that dies is started again when needed. */
export class Threads {
  readonly driver: SqliteDriverName;
  readonly version: string;
  readonly #options: ThreadsOptions;
  readonly #lock: Disposable;
  readonly #writer = new Place(() => this.#start(false));
  readonly #reader = new Place(() => this.#start(true));
  #closed = false;

  private constructor(
    options: ThreadsOptions,
    first: { driver: SqliteDriverName; version: string },
    lock: Disposable,
  ) {
    this.#options = options;
    this.driver = first.driver;
    this.version = first.version;
    this.#lock = lock;
  }

  /** Loads SQLite, takes the writer's lock and opens the connections. */
  static async open(options: ThreadsOptions): Promise<Threads> {
    const { path, readOnly, choice } = options;
    const isFile = path !== IN_MEMORY;
    // Starting a thread takes longer than opening a file, so both start at once.
    const starts = [start(choice)];
    if (isFile && !readOnly) starts.push(start(choice));
    const [first, second] = await allStarted(starts);
    const lock = new DisposableStack();
    try {
      if (isFile) {
        if (!readOnly) lock.use(await takeWriterLock(path, first!.version));
        lock.use(await claimForDriver(path, first!.driver));
      }
      const threads = new Threads(options, first!, lock);
      const { thread } = first!;
      const place = readOnly ? threads.#reader : threads.#writer;
      await place.put(openIn(thread, options).then(() => thread));
      if (second !== undefined) {
        const request = { ...options, readOnly: true };
        const { thread } = second;
        await threads.#reader.put(openIn(thread, request).then(() => thread));
      }
      return threads;
    } catch (error) {
      for (const started of [first, second]) {
        await started?.thread.close().catch(
          () => {/* It has failed already. */},
        );
      }
      lock.dispose();
      throw error;
    }
  }

  /** The thread that writes. */
  async writer(): Promise<Thread> {
    return await this.#writer.get();
  }

  /** The thread that reads; a database in memory has only the one. */
  async reader(): Promise<Thread> {
    const { path, readOnly } = this.#options;
    if (path === IN_MEMORY && !readOnly) return await this.writer();
    return await this.#reader.get();
  }

  async #start(readOnly: boolean): Promise<Thread> {
    if (this.#closed) {
      throw new SinkError("closed", "The sink is closed. Open it again");
    }
    if (this.#options.path === IN_MEMORY) {
      throw new SinkError(
        "io",
        "The log was in memory and went with its thread",
      );
    }
    return await startConnection(this.driver, { ...this.#options, readOnly });
  }

  /** Closes the reader, then the writer, then lets go of the lock. */
  async close(): Promise<void> {
    this.#closed = true;
    try {
      await this.#reader.close();
    } finally {
      try {
        await this.#writer.close();
      } finally {
        this.#lock[Symbol.dispose]();
      }
    }
  }
}
