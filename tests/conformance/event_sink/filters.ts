import { assertEquals, assertRejects } from "@std/assert";
import type {
  EventFilter,
  EventSink,
  FilterValue,
} from "../../../sinks/mod.ts";
import type { EventSinkRule } from "./rule.ts";
import {
  assertCode,
  drain,
  each,
  ids,
  sample,
  TASK,
  TRACE_A,
  TRACE_B,
  uuid,
} from "./samples.ts";

const FIRST = uuid(0xfeed01);

/** Six events that differ in each column. */
const EVENTS = [
  sample({ event_id: FIRST, type: "data.page", source: "fetch" }),
  sample({ parent_id: FIRST, type: "data.page", source: "" }),
  sample({ trace_id: TRACE_B, type: "data.pages", source: "fetch" }),
  sample({ trace_id: TRACE_B, task_id: TRACE_A, source: "Fetch" }),
  sample({ task_id: TRACE_A, parent_id: FIRST, source: "fet%" }),
  sample({ parent_id: TRACE_B, source: "fetch\0null" }),
];

/** Filters, and the indexes of the events that they match. */
const CASES: ReadonlyArray<
  readonly [what: string, of: readonly [EventFilter, readonly number[]]]
> = [
  ["nothing, given an empty filter", [{}, [0, 1, 2, 3, 4, 5]]],
  ["event_id", [{ event_id: FIRST }, [0]]],
  ["an event_id that is not there", [{ event_id: uuid(1) }, []]],
  ["trace_id", [{ trace_id: TRACE_B }, [2, 3]]],
  ["task_id", [{ task_id: TRACE_A }, [3, 4]]],
  ["parent_id", [{ parent_id: FIRST }, [1, 4]]],
  ["type, exactly", [{ type: "data.page" }, [0, 1]]],
  ["source, exactly and in its case", [{ source: "fetch" }, [0, 2]]],
  ["an empty source", [{ source: "" }, [1]]],
  ["a source with a wildcard, to the letter", [{ source: "fet%" }, [4]]],
  ["a source with NUL, to its end", [{ source: "fetch\0null" }, [5]]],
  ["a source with a quote", [{ source: "' OR 1=1 --" }, []]],
  ["two columns, both", [{ trace_id: TRACE_A, type: "data.page" }, [0, 1]]],
  ["all columns, all of them", [{
    event_id: EVENTS[4]!.event_id,
    trace_id: TRACE_A,
    task_id: TRACE_A,
    parent_id: FIRST,
    type: "harness.step",
    source: "fet%",
  }, [4]]],
  ["columns that contradict", [{ trace_id: TRACE_B, source: "fet%" }, []]],
  ["an id in upper case", [{ parent_id: FIRST.toUpperCase() }, [1, 4]]],
  ["an id in braces", [{ event_id: `{${FIRST}}` }, [0]]],
  ["an id as a URN", [{ trace_id: `urn:uuid:${TRACE_B}` }, [2, 3]]],
  ["an id without hyphens", [{ task_id: TRACE_A.replaceAll("-", "") }, [3, 4]]],
  ["text that is no id, where an id belongs", [{ trace_id: "none" }, []]],
  ["a column that is null nowhere", [{ task_id: null as never }, []]],
];

/** Checks what a filter matches through each of the reading methods. */
export async function assertMatches(
  sink: EventSink,
  filter: EventFilter,
  expected: readonly string[],
): Promise<void> {
  const found = await sink.query(filter);
  assertEquals(ids(found), expected);
  assertEquals(await drain(sink.stream(filter)), found);
  assertEquals(await sink.count(filter), expected.length);
}

/** What a filter of columns matches. */
export const FILTERS: readonly EventSinkRule[] = [
  {
    name: "filters by each column and by several, through every read",
    check: async ({ open }) => {
      const sink = await open();
      await sink.appendAll(EVENTS);
      await each(CASES, async ([filter, matches]) => {
        const expected = matches.map((index) => EVENTS[index]!.event_id);
        await assertMatches(sink, filter, expected);
      });
    },
  },
  {
    name: "lesson 12: matches null with null only",
    check: async ({ open }) => {
      const sink = await open();
      await sink.appendAll(EVENTS);
      const roots = [0, 2, 3].map((index) => EVENTS[index]!.event_id);
      await assertMatches(sink, { parent_id: null }, roots);
      await assertMatches(sink, { parent_id: "null" }, []);
      await assertMatches(sink, { parent_id: "" }, []);
      await assertMatches(sink, { source: null as never }, []);
    },
  },
  {
    name: "refuses a filter whose value is undefined or no scalar",
    check: async ({ open }) => {
      const sink = await open({ ctxFields: ["user"] });
      await sink.append(sample());
      for (const value of [undefined, {}, [TASK], NaN, () => "", 1n]) {
        for (const field of ["task_id", "user"]) {
          const filter = { [field]: value as FilterValue };
          await assertRejects(() => sink.query(filter), TypeError);
          await assertRejects(() => sink.count(filter), TypeError);
          await assertRejects(() => drain(sink.stream(filter)), TypeError);
        }
      }
    },
  },
  {
    name: "refuses a filter that is no object",
    check: async ({ open }) => {
      const sink = await open();
      await sink.append(sample());
      for (const value of [null, 1, "type", true]) {
        const filter = value as unknown as EventFilter;
        await assertRejects(() => sink.query(filter), TypeError);
        await assertRejects(() => sink.count(filter), TypeError);
        await assertRejects(() => drain(sink.stream(filter)), TypeError);
      }
    },
  },
  {
    name: "refuses a field that it does not index",
    check: async ({ open }) => {
      const sink = await open({ ctxFields: ["user"] });
      await sink.append(sample({ payload: { ctx: { run: "1" } } }));
      for (const field of ["run", "payload", "ts", "seq", "hash", "User"]) {
        const filter = { [field]: "1" };
        await assertCode("unknown_filter", () => sink.query(filter));
        await assertCode("unknown_filter", () => sink.count(filter));
        const error = await assertCode(
          "unknown_filter",
          () => drain(sink.stream(filter)),
        );
        assertEquals(error.message.includes(field), true, error.message);
      }
    },
  },
];
