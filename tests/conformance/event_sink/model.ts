import { AssertionError } from "@std/assert";
import {
  type EventFilter,
  type EventSink,
  serializeEvent,
} from "../../../sinks/mod.ts";
import { ModelInput } from "./model_input.ts";
import type { EventSinkRule, RuleContext } from "./rule.ts";
import { SinkPair } from "./sink_pair.ts";

/** How many operations one run of the model does. */
const STEPS = 250;
const CTX_FIELDS = ["user"];

/** Draws what is asked of the sink under test and of the memory sink. */
class Model {
  readonly #context: RuleContext;
  readonly #pair: SinkPair;
  readonly #input: ModelInput;

  constructor(context: RuleContext, sink: EventSink) {
    this.#context = context;
    this.#pair = new SinkPair(sink, CTX_FIELDS);
    this.#input = new ModelInput(context.seed);
  }

  /** Does one random operation on both, and says which. */
  async step(note: (what: string) => void): Promise<void> {
    const random = this.#input.random;
    const choice = random.below(100);
    const log = await this.#pair.oracle.query();
    if (choice < 35) {
      const event = this.#input.event(log);
      note(`append ${serializeEvent(event)}`);
      await this.#pair.append([event]);
    } else if (choice < 50) {
      const events = this.#input.batch(log);
      note(`appendAll ${events.map(serializeEvent).join()}`);
      await this.#pair.appendAll(events);
    } else if (choice < 55 && this.#context.supports.persistence) {
      note("close and open");
      await this.#pair.sink.close();
      this.#pair.sink = await this.#context.open({ ctxFields: CTX_FIELDS });
    } else {
      await this.#read(this.#input.filter(log), choice, note);
    }
  }

  async #read(
    filter: EventFilter,
    choice: number,
    note: (what: string) => void,
  ): Promise<void> {
    const random = this.#input.random;
    const after = random.oneIn(2) ? 0 : random.below(this.#pair.length + 1);
    const size = random.below(12);
    const what = `${JSON.stringify(filter)} behind event ${after}, ${size}`;
    if (choice < 75) {
      note(`query ${what}`);
      const limit = random.oneIn(3) ? {} : { limit: size };
      await this.#pair.query(filter, { ...limit, after });
    } else if (choice < 90) {
      note(`stream ${what}`);
      await this.#pair.stream(filter, { batchSize: size + 1, after });
    } else {
      note(`count ${what}`);
      await this.#pair.count(filter);
    }
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
