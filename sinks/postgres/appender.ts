// Group commit on several connections. Every append that arrives while groups are on
// their way shares the next one. A group is sent once the places of the one before are
// drawn, on another connection, so that commits wait for the disk side by side, and
// calls are stored in the order in which they were made.
import type { Event, StoredEvent } from "../event.ts";
import {
  Group,
  type GroupContext,
  traceIds,
  type Unit,
} from "../rows/group.ts";
import { Heads } from "../rows/heads.ts";
import { loadHeads } from "../rows/load_heads.ts";
import type { RowCodec } from "../rows/row_codec.ts";
import { UnitQueue } from "../rows/unit_queue.ts";
import type { AppendLane, PostgresDurability } from "./append_lane.ts";
import { readHeads } from "./log_reads.ts";
import type { PgRow } from "./client.ts";
import type { Pace } from "./pace.ts";
import type { Select } from "./select.ts";
import { writeUnderLock } from "./write_under_lock.ts";

/** How many events go into one transaction, unless one appendAll has more. */
const GROUP_EVENTS_MAX = 512;
/** How many traces: those that a transaction locks one by one. */
const GROUP_TRACES_MAX = 64;
/** The fewest events that are worth a commit of their own while others run. */
const OVERLAP_EVENTS_MIN = 16;
/**
 * And the share of all that are on their way. A commit costs the server as much as the
 * rows of tens of events: where each of those who append waits for its own, two large
 * groups in turn do more than many small ones.
 */
const OVERLAP_SHARE_MIN = 1 / 2;

/** What the appender works with. */
export interface AppenderOptions {
  /** The connections; at least one. */
  readonly lanes: readonly AppendLane[];
  readonly pace: Pace;
  readonly codec: RowCodec;
  readonly signKey: Uint8Array | undefined;
  readonly ctxFields: readonly string[];
  readonly queueMax: number;
  readonly headsMax: number;
  readonly answerTimeoutMs: number;
  readonly reconnectMs: number;
  /** Asks something beside the appends. */
  readonly ask: (select: Select) => Promise<readonly PgRow[]>;
  /** Told of what is acknowledged, before its appends resolve. */
  readonly onStored: (lastSeq: number, durability: PostgresDurability) => void;
}

/** A group on its way. */
interface Flight {
  readonly units: readonly Unit[];
  readonly events: number;
  readonly lane: AppendLane;
  /** Whether it has its places. */
  isDrawn: boolean;
  hasFailed: boolean;
}

/** Queues appends and commits them in groups. */
export class Appender {
  readonly #options: AppenderOptions;
  readonly #context: GroupContext;
  readonly #queue: UnitQueue;
  readonly #free: AppendLane[];
  #flights: Flight[] = [];
  #isRecovering = false;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(options: AppenderOptions) {
    this.#options = options;
    this.#context = { ...options, heads: new Heads(options.headsMax) };
    this.#queue = new UnitQueue(options.queueMax, () => this.#launch());
    this.#free = [...options.lanes];
  }

  /** Queues events that are to be stored together or not at all. */
  submit(events: readonly Event[]): Promise<StoredEvent[]> {
    return this.#queue.add(events);
  }

  /** Resolves when nothing is queued or being written. */
  async drained(): Promise<void> {
    if (this.#queue.accepted === 0 && this.#flights.length === 0) return;
    this.#idle ??= Promise.withResolvers<void>();
    await this.#idle.promise;
  }

  #launch(): void {
    if (this.#isRecovering || this.#flights.some((each) => each.hasFailed)) {
      return;
    }
    const { waiting } = this.#queue;
    if (this.#flights.length === 0 && waiting === 0) {
      this.#context.heads.trim();
      this.#idle?.resolve();
      this.#idle = undefined;
      return;
    }
    const last = this.#flights.at(-1);
    if (last !== undefined && !last.isDrawn) return;
    if (last !== undefined && waiting < this.#overlapMin()) return;
    const lane = waiting > 0 ? this.#free.pop() : undefined;
    if (lane !== undefined) this.#fly(lane, this.#take(waiting));
  }

  /** How many events are worth a group while others are on their way. */
  #overlapMin(): number {
    const share = Math.floor(this.#queue.accepted * OVERLAP_SHARE_MIN);
    // As many traces as one group takes do not wait for it in any case.
    const least = this.#options.pace.overlaps()
      ? OVERLAP_EVENTS_MIN
      : GROUP_TRACES_MAX;
    return Math.max(least, Math.min(share, GROUP_EVENTS_MAX));
  }

  /**
   * The next group. Where many wait and another connection is free, it is half of
   * them: the other half is linked and encoded while the server stores this one.
   */
  #take(waiting: number): Unit[] {
    const half = Math.ceil(waiting / 2);
    const splits = this.#free.length > 0 && half >= this.#overlapMin();
    const traces = new Set<string>();
    return this.#queue.take(
      Math.min(splits ? half : Infinity, GROUP_EVENTS_MAX),
      ({ events }) => {
        for (const { trace_id } of events) traces.add(trace_id);
        return traces.size <= GROUP_TRACES_MAX;
      },
    );
  }

  #fly(lane: AppendLane, units: readonly Unit[]): void {
    const flight: Flight = {
      units,
      events: units.reduce((sum, { events }) => sum + events.length, 0),
      lane,
      isDrawn: false,
      hasFailed: false,
    };
    this.#flights.push(flight);
    this.#write(flight)
      // What it was does not matter: the careful way finds out, or fails as well.
      .catch(() => false)
      .then((isWritten) => this.#land(flight, isWritten));
  }

  /** Writes a group in the quick way; false if that cannot be done. */
  async #write(flight: Flight): Promise<boolean> {
    const { units, lane } = flight;
    const { onStored, ask } = this.#options;
    await loadHeads(
      { heads: (request) => readHeads(ask, request) },
      this.#context,
      traceIds(units),
    );
    const group = new Group(units, new Map(), this.#context);
    // An event that does not fit may be in the log already: that is looked at with
    // more care.
    if (group.hasRefused || group.size === 0) return false;
    const batch = await group.batch();
    const answer = await lane.append(batch, (firstSeq) => {
      group.commit(firstSeq + group.size - 1, 0);
      flight.isDrawn = true;
      this.#launch();
    });
    if (answer.kind !== "committed") return false;
    const lastSeq = answer.firstSeq + group.size - 1;
    // The notice may have been kept from us, by a pooler say.
    if (!flight.isDrawn) group.commit(lastSeq, 0);
    onStored(lastSeq, answer.durability);
    group.resolve();
    return true;
  }

  #land(flight: Flight, isWritten: boolean): void {
    this.#free.push(flight.lane);
    if (isWritten) {
      this.#queue.settle(flight.events);
      this.#flights.splice(this.#flights.indexOf(flight), 1);
    } else flight.hasFailed = true;
    // Those that are still on their way may have been linked to what has failed: they
    // will not be stored. When all have landed, the rest is written with care.
    const isOver = this.#flights.every((each) => each.hasFailed);
    if (this.#flights.length > 0 && isOver) this.#recover();
    else this.#launch();
  }

  /** Writes what has failed again, one group after the other. */
  async #recover(): Promise<void> {
    if (this.#isRecovering) return;
    this.#isRecovering = true;
    for (const { units, events, lane } of this.#flights) {
      await writeUnderLock(units, {
        ...this.#options,
        context: this.#context,
        lane,
      });
      this.#queue.settle(events);
    }
    this.#flights = [];
    this.#isRecovering = false;
    this.#launch();
  }
}
