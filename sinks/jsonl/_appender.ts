import type { Event, StoredEvent } from "../event.ts";
import { SinkError } from "../sink_error.ts";
import {
  type AppendRequest,
  Group,
  GROUP_BYTES_MAX,
  type GroupOptions,
} from "./_group.ts";
import { ioError } from "./_io_error.ts";
import type { Log } from "./_log.ts";

/**
 * How many events share a write, unless a single append brings more: as many as
 * are linked in about three milliseconds.
 */
const GROUP_EVENTS_MAX = 256;

/** How appends are grouped and bounded. */
export interface AppenderOptions extends GroupOptions {
  /** Whether each append has a write of its own. */
  readonly single: boolean;
  /** How many events may wait. */
  readonly queueMax: number;
  /** The log, opened if need be and looked after. */
  readonly ready: () => Promise<Log>;
  /** Runs a step in which nobody else changes the log. */
  readonly exclusive: (step: () => Promise<void>) => Promise<void>;
  /** Is told when the log has grown. */
  readonly onGrown: () => void;
}

/** Queues appends, and stores those that wait in groups. */
export class Appender {
  readonly #options: AppenderOptions;
  #queue: AppendRequest[] = [];
  #waiting = 0;
  #running: Promise<void> | undefined;
  readonly #buffer = new Uint8Array(GROUP_BYTES_MAX);

  /** Makes an appender with an empty queue. */
  constructor(options: AppenderOptions) {
    this.#options = options;
  }

  /**
   * Queues an append.
   *
   * @param events The events, admitted already.
   * @param pick What to resolve with.
   */
  append<Result>(
    events: readonly Event[],
    pick: (stored: StoredEvent[]) => Result,
  ): Promise<Result> {
    const { queueMax } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    if (this.#waiting + events.length > queueMax) {
      reject(
        new SinkError(
          "overloaded",
          `Cannot append ${events.length} events: ${this.#waiting} are waiting ` +
            `and queueMax is ${queueMax}. Await earlier appends first`,
        ),
      );
      return promise;
    }
    this.#queue.push({
      events,
      resolve: (stored) => resolve(pick(stored)),
      reject,
    });
    this.#waiting += events.length;
    this.#running ??= this.#run();
    return promise;
  }

  /** Resolves when nothing waits any more. */
  async drained(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    // Not before the queue's end is seen, nor a tick later: an append in between
    // would find nobody at work, or somebody who is about to leave.
    do {
      await this.#options.exclusive(() => this.#step());
    } while (this.#queue.length > 0);
    this.#running = undefined;
  }

  /** Stores some of what waits. Every failure goes to those it concerns. */
  async #step(): Promise<void> {
    let log: Log;
    try {
      log = await this.#options.ready();
      await log.live!.cut();
    } catch (error) {
      for (const request of this.#take()) request.reject(error);
      return;
    }
    const requests = this.#take();
    const group = new Group(log, this.#buffer, this.#options);
    let isKept = true;
    try {
      await group.look(requests);
      isKept = await this.#store(log, group, requests);
    } catch (cause) {
      const error = ioError("append to", log.path, cause);
      // If this fails too, the next step tries again before it writes.
      await log.live?.cut().catch(() => {});
      for (const request of requests) request.reject(error);
      return;
    }
    if (isKept) group.settle();
    else this.#putBack(group.requests);
  }

  /** Links, writes and counts in as many requests as there is room for. */
  async #store(
    log: Log,
    group: Group,
    requests: AppendRequest[],
  ): Promise<boolean> {
    this.#putBack(requests.splice(group.add(requests)));
    if (group.isEmpty) return true;
    if (log.live!.lines > 0 && group.length > log.room) await log.rotate();
    const live = log.live!;
    if (!await live.write(group.bytes)) return false;
    live.commit(group.events, group.ends);
    this.#options.onGrown();
    return true;
  }

  #take(): AppendRequest[] {
    let events = 0;
    let count = 0;
    const max = this.#options.single ? 1 : this.#queue.length;
    while (count < max) {
      events += this.#queue[count]!.events.length;
      if (count > 0 && events > GROUP_EVENTS_MAX) break;
      count++;
    }
    const taken = this.#queue.splice(0, count);
    for (const request of taken) this.#waiting -= request.events.length;
    return taken;
  }

  #putBack(requests: readonly AppendRequest[]): void {
    if (requests.length === 0) return;
    this.#queue = [...requests, ...this.#queue];
    for (const request of requests) this.#waiting += request.events.length;
  }
}
