// What can be done to a sink and to the memory sink beside it, as commands of
// fast-check, which takes commands away for as long as a failure stays.
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type EventSink, serializeEvent, verifyLog } from "../../sinks/mod.ts";
import { ModelInput } from "../conformance/event_sink/model_input.ts";
import type { SinkPair } from "../conformance/event_sink/sink_pair.ts";
import { soon } from "../sinks/sqlite/_helpers.ts";

/** Fields that the tested sinks are opened with. */
export const CTX_FIELDS: readonly string[] = ["user"];

/** The log under test, and the ways to it that are open. */
export interface Tested {
  /** The sink and its oracle; the sink is set anew for each command. */
  readonly pair: SinkPair;
  /** The handles: those from the second on may be for reading alone. */
  handles: readonly EventSink[];
  /** Whether every handle may append. */
  readonly areWriters: boolean;
  /** Closes all handles and opens them anew. */
  readonly reopen: (variant: number) => Promise<void>;
}

/** Nothing is known beforehand: the oracle is the model. */
type Model = Record<never, never>;

/** What a command draws its events and filters from. */
interface Drawn {
  readonly seed: number;
  /** Which handle, by its number. */
  readonly handle: number;
  readonly after: number;
  readonly size: number;
}

abstract class Command implements fc.AsyncCommand<Model, Tested> {
  constructor(readonly drawn: Drawn) {}

  check(): boolean {
    return true;
  }

  abstract run(model: Model, tested: Tested): Promise<void>;

  toString(): string {
    return `${this.constructor.name}(${JSON.stringify(this.drawn)})`;
  }

  /** The log and its oracle, seen through one of the handles. */
  through(tested: Tested, isWrite: boolean): SinkPair {
    const { handles, areWriters, pair } = tested;
    const n = isWrite && !areWriters ? 0 : this.drawn.handle % handles.length;
    pair.sink = handles[n]!;
    return pair;
  }

  input({ pair }: Tested): ModelInput {
    return new ModelInput(this.drawn.seed, pair.length);
  }

  after({ pair }: Tested): number {
    return this.drawn.after % (pair.length + 1);
  }

  async filter(tested: Tested) {
    return this.input(tested).filter(await tested.pair.oracle.query());
  }

  /** New events, and some that are there already, or nearly. */
  async events(tested: Tested) {
    const log = await tested.pair.oracle.query();
    const input = this.input(tested);
    const length = 1 + this.drawn.size % 5;
    return Array.from({ length }, () => input.event(log));
  }
}

class Append extends Command {
  async run(_: Model, tested: Tested): Promise<void> {
    const events = await this.events(tested);
    await this.through(tested, true).append(events);
  }
}

class AppendAll extends Command {
  async run(_: Model, tested: Tested): Promise<void> {
    const log = await tested.pair.oracle.query();
    const events = this.input(tested).batch(log);
    await this.through(tested, true).appendAll(events);
  }
}

class Query extends Command {
  async run(_: Model, tested: Tested): Promise<void> {
    const { size } = this.drawn;
    await this.through(tested, false).query(await this.filter(tested), {
      after: this.after(tested),
      ...(size === 0 ? {} : { limit: size - 1 }),
    });
  }
}

class Stream extends Command {
  async run(_: Model, tested: Tested): Promise<void> {
    await this.through(tested, false).stream(await this.filter(tested), {
      after: this.after(tested),
      batchSize: this.drawn.size + 1,
    });
  }
}

class Count extends Command {
  async run(_: Model, tested: Tested): Promise<void> {
    await this.through(tested, false).count(await this.filter(tested));
  }
}

/** Follows through one handle what is appended through the first. */
class Follow extends Command {
  async run(_: Model, tested: Tested): Promise<void> {
    const { pair } = tested;
    const filter = await this.filter(tested);
    const range = { after: this.after(tested), batchSize: this.drawn.size + 1 };
    const events = await this.events(tested);
    this.through(tested, false);
    await pair.follow(filter, range, async () => {
      pair.sink = tested.handles[0]!;
      await pair.append(events.slice(0, 2));
      await pair.appendAll(events.slice(2));
    }, soon);
  }
}

class Reopen extends Command {
  async run(_: Model, tested: Tested): Promise<void> {
    await tested.reopen(this.drawn.seed);
  }
}

class Verify extends Command {
  async run(_: Model, tested: Tested): Promise<void> {
    const { sink, length } = this.through(tested, false);
    const report = await verifyLog(sink);
    assertEquals([report.events, report.violations], [length, []]);
    const log = await sink.query();
    const oracle = await tested.pair.oracle.query();
    assertEquals(
      log.map(({ event }) => serializeEvent(event)),
      oracle.map(({ event }) => serializeEvent(event)),
    );
  }
}

const drawn = fc.record({
  seed: fc.nat({ max: 2 ** 31 - 1 }),
  handle: fc.nat({ max: 1 }),
  after: fc.oneof(fc.constant(0), fc.nat({ max: 60 })),
  size: fc.nat({ max: 11 }),
});

/** Every command; appending ones come thrice, lest the log stay short. */
export const ANY_COMMAND: fc.Arbitrary<fc.AsyncCommand<Model, Tested>>[] = [
  ...[Append, Append, AppendAll, Append, Query, Stream, Count, Follow],
  ...[Query, Reopen, Verify],
].map((Kind) => drawn.map((drawn) => new Kind(drawn)));
