import {
  assert,
  assertEquals,
  AssertionError,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { MemorySink, SinkError, type SinkSupports } from "../../sinks/mod.ts";
import { BREACHES, openSound } from "../fakes/broken_sinks/mod.ts";
import { testEventSink } from "./event_sink.ts";
import type { EventSinkTestOptions } from "./event_sink.ts";
import type { ConformanceTest } from "./payload_codec.ts";

const ALL: SinkSupports = {
  persistence: true,
  atomicAppendAll: true,
  unboundedIdempotence: true,
  sharedWriters: true,
};

/** The suite's tests, by rule. */
function collect(
  options: Partial<EventSinkTestOptions> = {},
): Map<string, ConformanceTest> {
  const tests = new Map<string, ConformanceTest>();
  testEventSink({
    name: "sink",
    open: (_log, options) => new MemorySink(options),
    supports: ALL,
    seed: 7,
    patienceMs: 100,
    ...options,
    register: (test) => {
      const rule = test.name.replace(/^(lesson \d+: )?sink /, "$1");
      assert(!tests.has(rule), `two rules are named "${rule}"`);
      tests.set(rule, test);
    },
  });
  return tests;
}

for (const { what, rule, open, supports = ALL } of BREACHES) {
  Deno.test(`testEventSink catches a sink that ${what}`, async () => {
    const test = collect({ open, supports }).get(rule);
    assert(test !== undefined, `there is no rule "${rule}"`);
    assertEquals(test.ignore, false, test.name);
    const thrown = await assertRejects(test.fn);
    // Where closing fails as well, the rule's own failure stands behind it.
    const error = thrown instanceof SuppressedError
      ? thrown.suppressed
      : thrown;
    // Any other error would be a slip in the broken sink, not its breach.
    const found = error instanceof AssertionError || error instanceof SinkError;
    assert(found, `fails with ${Deno.inspect(error)}`);
  });
}

Deno.test("testEventSink lets the sound sink pass that the broken ones wrap", async () => {
  const { supports } = new MemorySink();
  for (const [rule, { ignore, fn }] of collect({ supports, open: openSound })) {
    if (!ignore) {
      await fn().catch((cause) => {
        throw new AssertionError(`"${rule}" fails`, { cause });
      });
    }
  }
});

Deno.test("testEventSink skips what a sink does not declare, and says why", () => {
  const rule = "keeps the log, to the letter, when opened again";
  const { name, ignore } = collect({ supports: { ...ALL, persistence: false } })
    .get(`${rule} (skipped: it does not declare persistence)`)!;
  assert(ignore);
  assertStringIncludes(name, rule);
  assertEquals(collect().get(rule)!.ignore, false);
  const alone = "refuses a second open while the first is there, as it says";
  const reason = "(skipped: it declares sharedWriters)";
  assert(collect().get(`${alone} ${reason}`)!.ignore);
});

Deno.test("testEventSink puts a lesson's number in front of the sink's name", () => {
  const names = Array.from(collect().values(), ({ name }) => name);
  assert(names.some((name) => name.startsWith("lesson 12: sink ")));
  for (const name of names) {
    assertEquals(name.lastIndexOf("lesson ") <= 0, true, name);
  }
});

Deno.test("testEventSink prints the seed of a failing random run, and takes it", async () => {
  const model = [...collect().keys()].find((name) => name.includes("random"))!;
  const broken = BREACHES.find(({ rule }) => rule === model)!;
  const fail = async (seed: number) => {
    const tests = collect({
      open: broken.open,
      supports: { ...ALL, persistence: false },
      seed,
    });
    return await assertRejects(tests.get(model)!.fn, AssertionError);
  };
  const { message } = await fail(42);
  assertStringIncludes(message, "seed 42");
  assertEquals((await fail(42)).message, message);
});

Deno.test("testEventSink closes what a failing rule left open, and ends its log", async () => {
  const ended: string[] = [];
  const tests = collect({
    open: async (log, options) => {
      const folder = await log.folder();
      assert((await Deno.stat(folder)).isDirectory);
      assertStringIncludes(folder, log.id);
      log.onEnd(() => {
        ended.push(folder);
      });
      const sink = new MemorySink(options);
      const close = sink.close.bind(sink);
      sink.close = () => {
        ended.push("closed");
        return close();
      };
      return sink;
    },
  });
  const rule = "goes on with numbers and chains when opened again";
  await assertRejects(tests.get(rule)!.fn);
  assert(ended.includes("closed"));
  const folder = ended.at(-1)!;
  await assertRejects(() => Deno.stat(folder), Deno.errors.NotFound);
});

Deno.test("testEventSink fails a test whose log cannot be ended", async () => {
  const reason = new Error("the folder is busy");
  const tests = collect({
    open: (log, options) => {
      log.onEnd(() => Promise.reject(reason));
      return new MemorySink(options);
    },
  });
  const test = tests.get("begins with an empty log")!;
  const error = await assertRejects(test.fn, AggregateError);
  assertEquals(error.errors, [reason]);
});
