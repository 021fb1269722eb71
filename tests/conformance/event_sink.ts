import type { EventSink, SinkSupports } from "../../sinks/mod.ts";
import { TestContext } from "./event_sink/context.ts";
import type { EventSinkRule, SinkOpenOptions } from "./event_sink/rule.ts";
import { EVENT_SINK_RULES } from "./event_sink/rules.ts";
import type { ConformanceTest } from "./payload_codec.ts";

export type { SinkOpenOptions } from "./event_sink/rule.ts";

/** How long a rule waits, by default, for what must come. */
const PATIENCE_MS = 10_000;

/** The log of one test, which an adapter is opened on: once, again, or twice. */
export interface SinkTestLog {
  /**
   * Made of letters, digits and hyphens, and no other log's: good for the name
   * of a table, a bucket or a key.
   */
  readonly id: string;
  /**
   * A folder of the log's own, made when first asked for and removed at the end
   * of the test. Needs `--allow-write` for the temporary folder.
   */
  folder(): Promise<string>;
  /**
   * Has something done at the end of the test, once every sink is closed.
   *
   * @param release What to do; what was named last is done first.
   */
  onEnd(release: () => void | Promise<void>): void;
}

/** What to test, for {@linkcode testEventSink}. */
export interface EventSinkTestOptions {
  /** The sink's name, which stands in the name of each test. */
  readonly name: string;
  /**
   * Opens the test's log: an empty one at first, and the same one each time that
   * a test opens it again. The sink is closed by the test.
   */
  readonly open: (
    log: SinkTestLog,
    options: SinkOpenOptions,
  ) => EventSink | Promise<EventSink>;
  /**
   * What the sink declares in its own `supports`. Rules for what it does not
   * support are skipped, each with that reason in its test's name.
   */
  readonly supports: SinkSupports;
  /**
   * The seed of what is drawn at random, printed when a test fails on it.
   *
   * @default {another one in each run}
   */
  readonly seed?: number;
  /**
   * How long a test waits for what must come, such as an event that is followed.
   *
   * @default {10_000}
   */
  readonly patienceMs?: number;
  /**
   * What takes the tests.
   *
   * @default {Deno.test, with the sanitizers of ops and resources on}
   */
  readonly register?: (test: ConformanceTest) => unknown;
}

/**
 * Registers the tests that state the contract of an {@linkcode EventSink}.
 *
 * Each test is a rule of the port's documentation, and has a log of its own. A
 * sink that passes can stand wherever the built-in ones do. What a sink does
 * not declare in `supports` is skipped, with the reason in the test's name. Two
 * promises cannot be seen from outside and are left to tests of the adapter's
 * own: that `appendAll` is all or none where the process is killed amid it, and
 * for how long an `event_id` is recognised.
 *
 * @param options The sink and what it declares.
 *
 * @example A sink of your own, in a test file
 * ```ts ignore
 * testEventSink({
 *   name: "MySink",
 *   supports: {
 *     persistence: true,
 *     atomicAppendAll: true,
 *     unboundedIdempotence: true,
 *     sharedWriters: false,
 *   },
 *   open: async (log, options) =>
 *     new MySink(`${await log.folder()}/log`, options),
 * });
 * ```
 *
 * @example With another runner than Deno's
 * ```ts
 * import { MemorySink } from "@zu/backends/sinks";
 * import { type ConformanceTest, testEventSink } from "@zu/backends/testing";
 *
 * const tests: ConformanceTest[] = [];
 * testEventSink({
 *   name: "MemorySink",
 *   supports: new MemorySink().supports,
 *   open: (_log, options) => new MemorySink(options),
 *   register: (test) => tests.push(test),
 * });
 * for (const { ignore, fn } of tests) {
 *   if (!ignore) await fn();
 * }
 * ```
 */
export function testEventSink(options: EventSinkTestOptions): void {
  const {
    name,
    open,
    supports,
    seed = crypto.getRandomValues(new Uint32Array(1))[0]!,
    patienceMs = PATIENCE_MS,
    register = registerWithDeno,
  } = options;
  for (const rule of EVENT_SINK_RULES) {
    const reason = skipReason(rule, supports);
    register({
      name: testName(name, rule.name) +
        (reason === undefined ? "" : ` (skipped: ${reason})`),
      ignore: reason !== undefined,
      fn: async () => {
        await using context = new TestContext({
          open,
          supports,
          seed,
          patienceMs,
        });
        await rule.check(context);
      },
    });
  }
}

/** Puts the sink's name in front of the rule, but behind `lesson N: `. */
function testName(sink: string, rule: string): string {
  const lesson = /^lesson \d+: /.exec(rule)?.[0] ?? "";
  return `${lesson}${sink} ${rule.slice(lesson.length)}`;
}

function skipReason(
  { needs, unless }: EventSinkRule,
  supports: SinkSupports,
): string | undefined {
  if (needs !== undefined && !supports[needs]) {
    return `it does not declare ${needs}`;
  }
  if (unless !== undefined && supports[unless]) return `it declares ${unless}`;
  return undefined;
}

function registerWithDeno(test: ConformanceTest): void {
  Deno.test({ ...test, sanitizeOps: true, sanitizeResources: true });
}
