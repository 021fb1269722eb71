// What every fault is put through: events before it, during it and after it, and
// a count of what is there in the end.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { CodecError } from "../../codec/mod.ts";
import {
  type AuditableSink,
  createEvent,
  type Event,
  type EventSink,
  SinkError,
  type StoredEvent,
} from "../../sinks/mod.ts";
import { soon } from "../conformance/_soon.ts";
import { type Acknowledged, acknowledgedAs, Ledger } from "../crash/_ledger.ts";
import type { LogSink } from "./_logs.ts";

/** How long a test waits for what must come, before it fails. */
const PATIENCE_MS = 30_000;
/** How many traces events are spread over. */
const TRACES = 3;

/** Waits for what must come; without it the test fails rather than hangs. */
export function within<T>(what: string, promise: Promise<T>): Promise<T> {
  return soon(what, promise, PATIENCE_MS);
}

/** How a fault has to be told. */
export interface Told {
  /** The codes that an error may have. */
  readonly codes: readonly string[];
  /** What its message says of the cause, and of what to do about it. */
  readonly says: RegExp;
}

/** A fault that comes and goes. */
export interface Fault extends Told {
  /** Has it begin. */
  begin(): void | Promise<void>;
  /** Has it end. */
  end(): void | Promise<void>;
  /** Whether some appends may go through meanwhile. */
  readonly mayPass?: boolean;
  /** Whether the log cannot be read meanwhile. */
  readonly isUnreadable?: boolean;
}

/** Asserts that an error is one that a caller can act on. */
export function assertTold(error: unknown, { codes, says }: Told): void {
  if (!(error instanceof SinkError || error instanceof CodecError)) throw error;
  assert(
    codes.includes(error.code),
    `${error.code} is not ${codes.join(" or ")}: ${error.message}`,
  );
  assertMatch(error.message, says);
}

/** The events of one log, those that are acknowledged and those that are not yet. */
export class Trial {
  readonly #ledger = new Ledger();
  readonly #trace_ids = Array.from(
    { length: TRACES },
    () => crypto.randomUUID(),
  );
  #refused: Event[][] = [];
  #made = 0;

  /** How many events were made. */
  get made(): number {
    return this.#made;
  }

  /** What was acknowledged so far. */
  get acknowledged(): Acknowledged[] {
    return [...this.#ledger.acknowledged];
  }

  /** A fresh event of one of the traces. */
  event(payload: Record<string, unknown> = {}): Event {
    const n = this.#made++;
    return createEvent({
      trace_id: this.#trace_ids[n % TRACES]!,
      task_id: this.#trace_ids[0]!,
      type: "harness.step",
      source: "faults",
      payload: { n, text: "ü".repeat(200), ...payload },
    });
  }

  /** Appends a few events at once, one of the calls an `appendAll`. */
  async append(sink: EventSink, count = 6): Promise<unknown[]> {
    const single = Array.from({ length: count }, () => [this.event()]);
    return await this.submit(sink, [...single, [this.event(), this.event()]]);
  }

  /** Appends events, each list by one call, and returns why calls failed. */
  async submit(sink: EventSink, calls: Event[][]): Promise<unknown[]> {
    const errors: unknown[] = [];
    await within(
      "appends",
      Promise.all(calls.map(async (events) => {
        try {
          const stored = events.length === 1
            ? [await sink.append(events[0]!)]
            : await sink.appendAll(events);
          this.acknowledge(stored);
        } catch (error) {
          this.#refused.push(events);
          errors.push(error);
        }
      })),
    );
    return errors;
  }

  /** Notes what an append resolved with. */
  acknowledge(stored: readonly StoredEvent[]): void {
    this.#ledger.add(stored.map(acknowledgedAs));
  }

  /** Appends once more what was refused; returns why calls failed again. */
  async appendRefused(sink: EventSink): Promise<unknown[]> {
    return await this.submit(sink, this.#refused.splice(0));
  }

  /** Appends, and all of it succeeds. */
  async succeed(sink: EventSink): Promise<void> {
    const errors = await this.append(sink);
    if (errors.length > 0) throw errors[0];
  }

  /**
   * Asserts that all that was acknowledged is there, in order and rightly
   * chained, and nothing twice.
   *
   * @returns How many events there are.
   */
  async check(sink: AuditableSink): Promise<number> {
    const isAtomic = sink.supports.atomicAppendAll;
    const { events } = await this.#ledger.check(sink, { isAtomic });
    return events;
  }

  /** The same, where all that was made has been acknowledged in the end. */
  async checkAll(sink: AuditableSink): Promise<void> {
    assertEquals(this.#refused, []);
    assertEquals(await this.check(sink), this.#made);
  }
}

/** The files of a folder that this process, or another one, has open. */
export async function openFilesIn(
  folder: string,
  pid = Deno.pid,
): Promise<string[]> {
  const { stdout } = await new Deno.Command("find", {
    args: [`/proc/${pid}/fd`, "-lname", `${folder}/*`, "-printf", "%l\n"],
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line);
}

/**
 * Has a log live through a fault: it says so in words and by code, goes on when
 * the fault is gone, loses nothing that it had acknowledged, stores nothing
 * twice, and leaves no descriptor.
 *
 * @param folder The folder of the log.
 * @param open Opens it.
 * @param faults What it is to live through, one after the other.
 */
export async function survives(
  folder: string,
  open: () => Promise<LogSink>,
  ...faults: readonly Fault[]
): Promise<void> {
  const trial = new Trial();
  {
    await using sink = await open();
    await trial.succeed(sink);
    for (const fault of faults) {
      await fault.begin();
      try {
        await assertFails(trial, sink, fault);
      } finally {
        await fault.end();
      }
      for (const error of await trial.appendRefused(sink)) throw error;
      await trial.succeed(sink);
      await trial.checkAll(sink);
    }
  }
  assertEquals(await openFilesIn(folder), [], "no descriptor is left");
  await using again = await open();
  await trial.checkAll(again);
}

/** Asserts that appends fail as a fault has to be told, and that reading goes on. */
export async function assertFails(
  trial: Trial,
  sink: AuditableSink,
  fault: Fault,
): Promise<void> {
  const errors = [...await trial.append(sink), ...await trial.append(sink)];
  assert(errors.length > 0, "the fault is told");
  if (!fault.mayPass) assertEquals(errors.length, 14, "nothing goes through");
  for (const error of errors) assertTold(error, fault);
  // Reading goes on, and shows nothing but what is stored.
  if (!fault.isUnreadable) await trial.check(sink);
}
