// Group commit: every append that arrives while a commit runs shares the next
// one. Groups are linked and encoded here, on the caller's thread, against heads
// that the writer proves fresh inside its transaction. While one group is being
// written, the next may already be built on what it is expected to leave.
import type { Event, StoredEvent } from "../event.ts";
import { CodecStalledError } from "../rows/codec_wait.ts";
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
import { headReader } from "./row_reads.ts";
import type { Thread } from "./thread.ts";
import {
  finishGroup,
  type Landing,
  writeUnderLock,
} from "./write_under_lock.ts";

/** How many events go into one transaction, unless one appendAll has more. */
const GROUP_EVENTS_MAX = 512;
/** The fewest events that are worth a commit of their own while one runs. */
const OVERLAP_EVENTS_MIN = 16;
/** Building must take this share of writing before overlapping them pays. */
const OVERLAP_SHARE_MIN = 0.2;
/** How much of a moving average the newest measurement makes up. */
const NEWEST_SHARE = 0.1;

/** What the appender works with. */
export interface AppenderOptions {
  readonly writer: () => Promise<Thread>;
  readonly codec: RowCodec;
  readonly signKey: Uint8Array | undefined;
  readonly ctxFields: readonly string[];
  readonly queueMax: number;
  readonly headsMax: number;
  /** Called after each commit, before its appends resolve. */
  readonly onCommit: () => void;
}

/** A group on its way. */
interface Flight {
  readonly units: readonly Unit[];
  readonly events: number;
  group?: Group;
  /** Settles when the group has been handed to the writer or never will be. */
  posted: Promise<boolean>;
  /** What became of it; never rejects. */
  landed: Promise<Landing>;
  /** The same, once it is known. */
  landing?: Landing;
}

/** Queues appends and commits them in groups. */
export class Appender {
  readonly #options: AppenderOptions;
  readonly #heads: Heads;
  readonly #context: GroupContext;
  readonly #queue: UnitQueue;
  #flights: Flight[] = [];
  #recovering = false;
  #idle: PromiseWithResolvers<void> | undefined;
  #buildMsPerEvent = 0;
  #writeMs = Infinity;

  constructor(options: AppenderOptions) {
    this.#options = options;
    this.#heads = new Heads(options.headsMax);
    this.#queue = new UnitQueue(options.queueMax, () => this.#launch());
    this.#context = { ...options, heads: this.#heads };
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
    if (this.#recovering) return;
    const overlaps = this.#overlapPays();
    while (this.#queue.waiting > 0) {
      const inFlight = this.#flights.length;
      if (inFlight > 1 || (inFlight === 1 && !overlaps)) return;
      if (inFlight === 1 && this.#queue.waiting < OVERLAP_EVENTS_MIN) return;
      const half = Math.ceil(this.#queue.waiting / 2);
      const splits = overlaps && inFlight === 0 && half >= OVERLAP_EVENTS_MIN;
      const max = Math.min(splits ? half : Infinity, GROUP_EVENTS_MAX);
      this.#fly(this.#queue.take(max));
    }
    if (this.#flights.length === 0) {
      this.#heads.trim();
      this.#idle?.resolve();
      this.#idle = undefined;
    }
  }

  /**
   * Whether to build one group while another is written. That makes for two
   * commits in place of one, so it pays only where building takes long beside
   * the wait for the disk.
   */
  #overlapPays(): boolean {
    const events = Math.min(this.#queue.waiting, GROUP_EVENTS_MAX);
    return this.#buildMsPerEvent * events > this.#writeMs * OVERLAP_SHARE_MIN;
  }

  #fly(units: readonly Unit[]): void {
    const previous = this.#flights.at(-1);
    const events = units.reduce((sum, unit) => sum + unit.events.length, 0);
    const { promise: posted, resolve } = Promise.withResolvers<boolean>();
    const flight: Flight = {
      units,
      events,
      posted,
      landed: undefined as unknown as Promise<Landing>,
    };
    flight.landed = this.#write(flight, previous, resolve)
      .catch((error): Landing => ({ kind: "failed", error }))
      // Who waits for a group that was not handed over must not wait on.
      .finally(() => resolve(false));
    this.#flights.push(flight);
    flight.landed.then((landing) => this.#land(flight, landing));
  }

  async #write(
    flight: Flight,
    previous: Flight | undefined,
    posted: (was: boolean) => void,
  ): Promise<Landing> {
    const writer = await this.#options.writer();
    // The group before must be linked before this one can be.
    if (previous !== undefined && !await linked(previous)) return stale();
    // The group before has its proofs by now, and what it expects stays known.
    this.#heads.trim();
    await loadHeads(headReader(writer), this.#context, traceIds(flight.units));
    if (previous !== undefined && !await linked(previous)) return stale();
    const started = performance.now();
    const group = new Group(
      flight.units,
      new Map(),
      this.#context,
      previous?.group,
    );
    flight.group = group;
    // An event that does not fit here may be in the log already, or fit once the
    // group before has landed: that is looked at again, and with more care.
    if (group.hasRefused || group.size === 0) return stale();
    const batch = await group.batch().catch((error) => {
      if (error instanceof CodecStalledError) throw error;
      return undefined;
    });
    // One event that cannot be encoded must not keep the others out.
    if (batch === undefined) return stale();
    const built = performance.now();
    if (previous !== undefined && !await previous.posted) return stale();
    const answer = writer.call("write", "append", batch);
    posted(true);
    const outcome = await answer;
    this.#measure(flight.events, built - started, performance.now() - built);
    return outcome;
  }

  #measure(events: number, buildMs: number, writeMs: number): void {
    const blend = (average: number, value: number) =>
      Number.isFinite(average)
        ? average + (value - average) * NEWEST_SHARE
        : value;
    this.#buildMsPerEvent = blend(this.#buildMsPerEvent, buildMs / events);
    this.#writeMs = blend(this.#writeMs, writeMs);
  }

  async #land(flight: Flight, landing: Landing): Promise<void> {
    flight.landing = landing;
    // A flight that lands while the one before it is being recovered is part of
    // that recovery. One that gives up before the one before it has landed waits
    // for that.
    if (this.#recovering || this.#flights[0] !== flight) return;
    for (
      let first: Flight | undefined = flight;
      first?.landing !== undefined;
      first = this.#flights[0]
    ) {
      if (first.landing.kind === "committed") {
        this.#flights.shift();
        finishGroup(first.group!, first.landing, this.#options.onCommit);
        this.#queue.settle(first.events);
      } else {
        this.#recovering = true;
        await this.#recover(first.landing);
        this.#recovering = false;
      }
    }
    this.#launch();
  }

  /** Writes what is on its way again, one group after the other. */
  async #recover(first: Landing): Promise<void> {
    const flights = this.#flights;
    for (const flight of flights) await flight.landed;
    this.#heads.reset();
    for (const [i, { units, events }] of flights.entries()) {
      if (i === 0 && first.kind === "failed") {
        for (const unit of units) unit.reject(first.error);
      } else await writeUnderLock(units, this.#context, this.#options);
      this.#queue.settle(events);
    }
    this.#flights = [];
  }
}

function stale(): Landing {
  return { kind: "stale", epoch: -1 };
}

/** Waits until a flight's group is linked; false if it never will be. */
async function linked(flight: Flight): Promise<boolean> {
  // A group is linked before it is posted, and encoding it does not change how.
  if (flight.group !== undefined) return true;
  return await flight.posted;
}
