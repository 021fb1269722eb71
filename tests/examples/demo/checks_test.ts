import { assertEquals, assertStringIncludes } from "@std/assert";
import type { LogReport } from "@zu/backends/sinks";
import {
  addDestinations,
  checkCounts,
  checkDestination,
  checkReport,
} from "../../../examples/demo/checks.ts";
import type { Counts } from "../../../examples/demo/counts.ts";

const REPLAYED: Counts = {
  events: 3,
  byType: new Map([["data.page", 2], ["harness.step", 1]]),
  byTrace: new Map([["a", 1], ["b", 2]]),
};

/** What the log holds after two rounds. */
const STORED: Counts = {
  events: 6,
  byType: new Map([["data.page", 4], ["harness.step", 2]]),
  byTrace: new Map([["a", 1], ["b", 2], ["c", 1], ["d", 2]]),
};

const SOUND: LogReport = {
  events: 6,
  traces: 4,
  unlinked: 0,
  violations: [],
  violationsTotal: 0,
  complete: true,
  passes: 1,
};

const WHOLE = { name: "copy", queued: 0, delivered: 6, failed: 0, dropped: 0 };

Deno.test("checkCounts holds where every round was stored", () => {
  assertEquals(checkCounts(STORED, REPLAYED, 2).problem, undefined);
});

Deno.test("checkCounts names what is too many or too few", () => {
  const wrong: [Partial<Counts>, string][] = [
    [{ events: 5 }, "5 events, and should hold 6"],
    [{ byTrace: REPLAYED.byTrace }, "2 traces, and should hold 4"],
    [
      { byType: new Map([["data.page", 3], ["harness.step", 3]]) },
      "3 events of type data.page, and should hold 4",
    ],
    [
      { byType: new Map([...STORED.byType, ["data.more", 1]]) },
      "3 types, and should hold 2",
    ],
    [
      { byType: new Map([["data.page", 4], ["harness.other", 2]]) },
      "0 events of type harness.step",
    ],
  ];
  for (const [changes, part] of wrong) {
    const { problem } = checkCounts({ ...STORED, ...changes }, REPLAYED, 2);
    assertStringIncludes(problem ?? "no problem", part);
  }
});

Deno.test("checkReport holds for a log that is whole and linked", () => {
  assertEquals(checkReport("run.db", SOUND, 6), {
    what: "run.db verifies",
    problem: undefined,
  });
});

Deno.test("checkReport names a violation, a gap, or events without links", () => {
  const violation = {
    code: "hash_mismatch",
    message: "edited at seq 4",
    event_id: null,
    trace_id: null,
  } as const;
  const wrong: [Partial<LogReport>, string][] = [
    [{ violations: [violation], violationsTotal: 9 }, "9 violations"],
    [{ violations: [violation], violationsTotal: 9 }, "edited at seq 4"],
    [{ complete: false }, "did not reach the end"],
    [{ events: 5 }, "5 events were verified, and there should be 6"],
    [{ unlinked: 1 }, "1 events are not linked"],
  ];
  for (const [changes, part] of wrong) {
    const { problem } = checkReport("run.db", { ...SOUND, ...changes }, 6);
    assertStringIncludes(problem ?? "no problem", part);
  }
});

Deno.test("checkDestination holds only where everything was delivered", () => {
  assertEquals(checkDestination(WHOLE, 6).problem, undefined);
  for (
    const state of [
      { ...WHOLE, delivered: 5 },
      { ...WHOLE, failed: 1 },
      { ...WHOLE, dropped: 1 },
    ]
  ) {
    const { problem } = checkDestination(state, 6);
    assertStringIncludes(problem ?? "no problem", "of 6 events were");
  }
});

Deno.test("addDestinations sums how each fared, by its name", () => {
  const anchors = { ...WHOLE, name: "anchors", failed: 1 };
  assertEquals(
    addDestinations([WHOLE, anchors], [
      { ...anchors, delivered: 2, dropped: 3 },
      { ...WHOLE, delivered: 1 },
    ]),
    [
      { ...WHOLE, delivered: 7 },
      { ...anchors, delivered: 8, failed: 2, dropped: 3 },
    ],
  );
  assertEquals(addDestinations([WHOLE], []), [WHOLE]);
});
