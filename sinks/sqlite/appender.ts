// Group commit: every append that arrives while a commit runs shares the next
// one. Groups are linked and encoded here, on the caller's thread, against heads
// that the writer proves fresh inside its transaction. While one group is being
// written, the next may already be built on what it is expected to leave.
import type { StoredEvent } from "../event.ts";
import type { Event } from "../event.ts";
import { SinkError } from "../sink_error.ts";
import {
  Group,
  type GroupContext,
  type Known,
  traceIds,
  type Unit,
} from "./group.ts";
import { Heads } from "./heads.ts";
import type { WriteBatch, WriteOutcome } from "./messages.ts";
import { corruptRow, type DecodedRow, type RowCodec } from "./row_codec.ts";
import type { Thread } from "./thread.ts";

/** How many events go into one transaction, unless one appendAll has more. */
const GROUP_EVENTS_MAX = 512;
/** The fewest events that are worth a commit of their own while one runs. */
const OVERLAP_EVENTS_MIN = 16;
/** Building must take this share of writing before overlapping them pays. */
const OVERLAP_SHARE_MIN = 0.2;
/** How much of a moving average the newest measurement makes up. */
const NEWEST_SHARE = 0.1;
/** How long the write lock is kept for a group that had to be linked again. */
const LOCK_LEASE_MS = 10_000;
/** How often a group is linked again before the sink gives up on it. */
const ATTEMPTS_MAX = 8;

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

type Landing = WriteOutcome | { readonly kind: "failed"; error: unknown };

/** Queues appends and commits them in groups. */
export class Appender {
  readonly #options: AppenderOptions;
  readonly #heads: Heads;
  readonly #context: GroupContext;
  #queue: Unit[] = [];
  #queued = 0;
  #waiting = 0;
  #scheduled = false;
  #flights: Flight[] = [];
  #recovering = false;
  #idle: PromiseWithResolvers<void> | undefined;
  #buildMsPerEvent = 0;
  #writeMs = Infinity;

  constructor(options: AppenderOptions) {
    this.#options = options;
    this.#heads = new Heads(options.headsMax);
    this.#context = { ...options, heads: this.#heads };
  }

  /** Queues events that are to be stored together or not at all. */
  submit(events: readonly Event[]): Promise<StoredEvent[]> {
    const { queueMax } = this.#options;
    if (this.#queued > 0 && this.#queued + events.length > queueMax) {
      throw new SinkError(
        "overloaded",
        `Cannot append: ${this.#queued} events wait to be written, and queueMax ` +
          `is ${queueMax}. Await appends before making more`,
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<StoredEvent[]>();
    this.#queue.push({ events, resolve, reject });
    this.#queued += events.length;
    this.#waiting += events.length;
    this.#schedule();
    return promise;
  }

  /** Resolves when nothing is queued or being written. */
  async drained(): Promise<void> {
    if (this.#queued === 0 && this.#flights.length === 0) return;
    this.#idle ??= Promise.withResolvers<void>();
    await this.#idle.promise;
  }

  /** Appends of the same turn of the event loop go into the same group. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#launch();
    });
  }

  #launch(): void {
    if (this.#recovering) return;
    const overlaps = this.#overlapPays();
    while (this.#queue.length > 0) {
      const inFlight = this.#flights.length;
      if (inFlight > 1 || (inFlight === 1 && !overlaps)) return;
      if (inFlight === 1 && this.#waiting < OVERLAP_EVENTS_MIN) return;
      const half = Math.ceil(this.#waiting / 2);
      const splits = overlaps && inFlight === 0 && half >= OVERLAP_EVENTS_MIN;
      const max = Math.min(splits ? half : Infinity, GROUP_EVENTS_MAX);
      this.#fly(this.#takeUnits(max));
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
    const events = Math.min(this.#waiting, GROUP_EVENTS_MAX);
    return this.#buildMsPerEvent * events > this.#writeMs * OVERLAP_SHARE_MIN;
  }

  #takeUnits(max: number): Unit[] {
    let events = 0;
    let end = 0;
    while (end < this.#queue.length) {
      const { length } = this.#queue[end]!.events;
      if (end > 0 && events + length > max) break;
      events += length;
      end++;
    }
    this.#waiting -= events;
    return this.#queue.splice(0, end);
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
    flight.landed = this.#write(flight, previous, resolve).catch((error) => {
      resolve(false);
      return { kind: "failed", error };
    });
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
    await this.#loadHeads(writer, traceIds(flight.units));
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
    const batch = await group.batch().catch(() => undefined);
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
        this.#finish(first.group!, first.landing);
        this.#queued -= first.events;
      } else {
        this.#recovering = true;
        await this.#recover(first.landing);
        this.#recovering = false;
      }
    }
    this.#launch();
  }

  #finish(
    group: Group,
    outcome: Extract<WriteOutcome, { kind: "committed" }>,
  ): void {
    if (group.size > 0) {
      group.commit(outcome.lastSeq, outcome.epoch);
      this.#options.onCommit();
    }
    group.resolve();
  }

  /** Writes what is on its way again, one group after the other. */
  async #recover(first: Landing): Promise<void> {
    const flights = this.#flights;
    for (const flight of flights) await flight.landed;
    this.#heads.reset();
    for (const [i, { units, events }] of flights.entries()) {
      if (i === 0 && first.kind === "failed") {
        for (const unit of units) unit.reject(first.error);
      } else await this.#writeAlone(units);
      this.#queued -= events;
    }
    this.#flights = [];
  }

  async #writeAlone(units: readonly Unit[]): Promise<void> {
    try {
      const writer = await this.#options.writer();
      for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        this.#heads.reset();
        const outcome = await this.#attempt(writer, units);
        if (outcome.kind === "committed") return;
        if (outcome.kind === "failed") {
          if (units.length === 1) throw outcome.error;
          for (const unit of units) await this.#writeAlone([unit]);
          return;
        }
      }
      throw new SinkError(
        "locked",
        `Cannot append: other writers came first ${ATTEMPTS_MAX} times. Try again`,
      );
    } catch (error) {
      this.#heads.reset();
      for (const unit of units) unit.reject(error);
    }
  }

  /** Links and writes under the write lock, so that nobody comes between. */
  async #attempt(
    writer: Thread,
    units: readonly Unit[],
  ): Promise<Landing> {
    await writer.call("lock", "append", LOCK_LEASE_MS);
    let sent = false;
    try {
      const known = await this.#lookUp(writer, units);
      await this.#loadHeads(writer, traceIds(units));
      const group = new Group(units, known, this.#context);
      if (group.size === 0) {
        group.resolve();
        return { kind: "committed", lastSeq: 0, epoch: -1 };
      }
      let batch: WriteBatch;
      try {
        batch = await group.batch();
      } catch (error) {
        return { kind: "failed", error };
      }
      sent = true;
      const outcome = await writer.call("write", "append", batch);
      if (outcome.kind === "committed") this.#finish(group, outcome);
      return outcome;
    } finally {
      if (!sent) await writer.call("unlock", "append");
    }
  }

  /** Reads the heads that are not remembered, past rows that are not readable. */
  async #loadHeads(writer: Thread, trace_ids: Set<string>): Promise<void> {
    const missing = [...trace_ids].filter((id) => !this.#heads.get(id));
    if (missing.length === 0) return;
    const { epoch, found, rows } = await writer.call("heads", "append", {
      trace_ids: missing,
    });
    const decoded = await this.#options.codec.decode(rows);
    for (const [i, trace_id] of missing.entries()) {
      let row = decoded[found[i]!];
      const seq = row?.seq ?? 0;
      while (row !== undefined && "error" in row) {
        row = await this.#rowBefore(writer, trace_id, row.seq);
      }
      const hash = row === undefined ? null : row.event.hash;
      this.#heads.set(trace_id, { hash, seq, epoch });
    }
  }

  async #rowBefore(
    writer: Thread,
    trace_id: string,
    before: number,
  ): Promise<DecodedRow | undefined> {
    const { rows } = await writer.call("heads", "append", {
      trace_ids: [trace_id],
      before,
    });
    return (await this.#options.codec.decode(rows))[0];
  }

  /** What is in the log already of what is to be appended. */
  async #lookUp(writer: Thread, units: readonly Unit[]): Promise<Known> {
    const ids = units.flatMap(({ events }) => events.map((e) => e.event_id));
    const rows = await writer.call("stored", "append", [...new Set(ids)]);
    const known: Known = new Map();
    for (const row of await this.#options.codec.decode(rows)) {
      if ("event" in row) known.set(row.event.event_id, Object.freeze(row));
      else {
        // Only the column tells whose row it is: a plain row says so nowhere else.
        const id = await writer.call("idOf", "append", row.seq);
        known.set(id!, corruptRow(row.seq, row.error.cause, id));
      }
    }
    return known;
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
