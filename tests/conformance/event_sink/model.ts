import { assertEquals, AssertionError } from "@std/assert";
import {
  type Event,
  type EventFilter,
  type EventSink,
  MemorySink,
  serializeEvent,
  SinkError,
  type StoredEvent,
} from "../../../sinks/mod.ts";
import { ModelInput } from "./model_input.ts";
import type { EventSinkRule, RuleContext } from "./rule.ts";
import { drain } from "./samples.ts";

/** How many operations one run of the model does. */
const STEPS = 250;
const CTX_FIELDS = ["user"];

/** What came of a call, in a form that two sinks can be compared by. */
type Outcome =
  | { code: string }
  | { count: number }
  | { texts: string[]; seqs: number[] };

async function outcome(
  call: Promise<StoredEvent[] | number>,
): Promise<Outcome> {
  try {
    const stored = await call;
    if (typeof stored === "number") return { count: stored };
    return {
      texts: stored.map(({ event }) => serializeEvent(event)),
      seqs: stored.map(({ seq }) => seq),
    };
  } catch (error) {
    if (!(error instanceof SinkError)) throw error;
    return { code: error.code };
  }
}

/** The sink under test and the memory sink, which is asked the same. */
class Model {
  readonly #context: RuleContext;
  readonly #oracle = new MemorySink({ ctxFields: CTX_FIELDS });
  readonly #input: ModelInput;
  /** The tested sink's number for each of the oracle's, which are 1, 2, 3… */
  readonly #seqs: number[] = [];
  #sink: EventSink;

  constructor(context: RuleContext, sink: EventSink) {
    this.#context = context;
    this.#sink = sink;
    this.#input = new ModelInput(context.seed);
  }

  /** Does one random operation on both, and says which. */
  async step(note: (what: string) => void): Promise<void> {
    const random = this.#input.random;
    const choice = random.below(100);
    if (choice < 35) {
      const event = this.#input.event(await this.#oracle.query());
      note(`append ${serializeEvent(event)}`);
      await this.#append(
        [event],
        (sink) => sink.append(event).then((stored) => [stored]),
      );
    } else if (choice < 50) {
      const log = await this.#oracle.query();
      const events = this.#input.batch(log);
      note(`appendAll ${events.map(serializeEvent).join()}`);
      await this.#append(events, (sink) => sink.appendAll(events));
    } else if (choice < 55 && this.#context.supports.persistence) {
      note("close and open");
      await this.#sink.close();
      this.#sink = await this.#context.open({ ctxFields: CTX_FIELDS });
    } else {
      const filter = this.#input.filter(await this.#oracle.query());
      await this.#read(filter, choice, note);
    }
  }

  async #append(
    events: readonly Event[],
    call: (sink: EventSink) => Promise<StoredEvent[]>,
  ): Promise<void> {
    const known = this.#seqs.length;
    const [expected, found] = await Promise.all([
      outcome(call(this.#oracle)),
      outcome(call(this.#sink)),
    ]);
    if ("seqs" in expected && "seqs" in found) {
      for (const [n, seq] of expected.seqs.entries()) {
        if (seq > known) this.#seqs[seq - 1] = found.seqs[n]!;
      }
    }
    this.#compare(found, expected, `${events.length} appended`);
  }

  async #read(
    filter: EventFilter,
    choice: number,
    note: (what: string) => void,
  ): Promise<void> {
    const random = this.#input.random;
    const after = random.oneIn(2) ? 0 : random.below(this.#seqs.length + 1);
    const afterSeq = after === 0 ? 0 : this.#seqs[after - 1]!;
    const size = random.below(12);
    const what = `${JSON.stringify(filter)} behind ${afterSeq}, ${size}`;
    if (choice < 75) {
      note(`query ${what}`);
      const limit = random.oneIn(3) ? {} : { limit: size };
      this.#compare(
        await outcome(this.#sink.query(filter, { ...limit, afterSeq })),
        await outcome(
          this.#oracle.query(filter, { ...limit, afterSeq: after }),
        ),
        "query",
      );
    } else if (choice < 90) {
      note(`stream ${what}`);
      const batchSize = size + 1;
      this.#compare(
        await outcome(
          drain(this.#sink.stream(filter, { batchSize, afterSeq })),
        ),
        await outcome(drain(this.#oracle.stream(filter, { afterSeq: after }))),
        "stream",
      );
    } else {
      note(`count ${what}`);
      this.#compare(
        await outcome(this.#sink.count(filter)),
        await outcome(this.#oracle.count(filter)),
        "count",
      );
    }
  }

  #compare(found: Outcome, expected: Outcome, what: string): void {
    const translated = "seqs" in expected
      ? { ...expected, seqs: expected.seqs.map((seq) => this.#seqs[seq - 1]!) }
      : expected;
    assertEquals(found, translated, what);
  }
}

/** Random operations against the memory sink. */
export const MODEL: readonly EventSinkRule[] = [
  {
    name: `does as the memory sink does in ${STEPS} random operations`,
    check: async (context) => {
      const sink = await context.open({ ctxFields: CTX_FIELDS });
      const model = new Model(context, sink);
      for (let step = 0; step < STEPS; step++) {
        let what = "";
        try {
          await model.step((text) => what = text);
        } catch (cause) {
          const shown = what.length > 500 ? `${what.slice(0, 500)}…` : what;
          throw new AssertionError(
            `seed ${context.seed}, step ${step}: ${shown}\n` +
              `${(cause as Error).message}\n` +
              `Run it again with { seed: ${context.seed} }`,
            { cause },
          );
        }
      }
    },
  },
];
