import { soon } from "../_soon.ts";
import type { EventSink, SinkSupports } from "../../../sinks/mod.ts";
import type { RuleContext, SinkOpenOptions } from "./rule.ts";

/** A log of a test's own, and what must be done when the test is over. */
export class TestLog {
  /** Made of letters, digits and hyphens, and no other log's. */
  readonly id: string = `log-${crypto.randomUUID()}`;
  readonly #releases: (() => void | Promise<void>)[] = [];
  #folder: Promise<string> | undefined;

  /** A folder of the log's own, made when first asked for and removed at last. */
  folder(): Promise<string> {
    return this.#folder ??= this.#makeFolder();
  }

  async #makeFolder(): Promise<string> {
    const folder = await Deno.makeTempDir({ prefix: `${this.id}-` });
    // First, so that it is the last to be released.
    this.#releases.unshift(() => Deno.remove(folder, { recursive: true }));
    return folder;
  }

  /** Has something done after the test, before what was named earlier. */
  onEnd(release: () => void | Promise<void>): void {
    this.#releases.push(release);
  }

  /** Does what is to be done at the end, all of it even where some fails. */
  async end(): Promise<void> {
    const errors: unknown[] = [];
    for (const release of this.#releases.splice(0).reverse()) {
      try {
        await release();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) {
      throw new AggregateError(errors, "The end of a test's log failed");
    }
  }
}

/** What to open, and how long to wait. */
export interface TestContextOptions {
  readonly open: (
    log: TestLog,
    options: SinkOpenOptions,
  ) => EventSink | Promise<EventSink>;
  readonly supports: SinkSupports;
  readonly seed: number;
  readonly patienceMs: number;
}

/** A rule's context: opens one log as often as asked, and closes it at last. */
export class TestContext implements RuleContext, AsyncDisposable {
  readonly supports: SinkSupports;
  readonly seed: number;
  readonly #options: TestContextOptions;
  readonly #log = new TestLog();

  constructor(options: TestContextOptions) {
    this.supports = options.supports;
    this.seed = options.seed;
    this.#options = options;
  }

  // Rules take these two out of the context, so they are bound to it.
  readonly open = async (options: SinkOpenOptions = {}): Promise<EventSink> => {
    const sink = await this.#options.open(this.#log, options);
    this.#log.onEnd(() => this.soon("close after the test", sink.close()));
    return sink;
  };

  readonly soon = <T>(what: string, promise: Promise<T>): Promise<T> =>
    soon(what, promise, this.#options.patienceMs);

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#log.end();
  }
}
