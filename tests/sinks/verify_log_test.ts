import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  type Anchor,
  type AuditRow,
  chainHead,
  type Event,
  linkEvent,
  type LogProgress,
  type LogReport,
  MemorySink,
  serializeEvent,
  SinkError,
  type StoredEvent,
  verifyLog,
} from "../../sinks/mod.ts";
import { AuditableFake, auditRow, chain, event, id } from "./_chains.ts";

const KEY = new Uint8Array(32).fill(7);

function rowsOf(...chains: Event[][]): AuditRow[] {
  return chains.flat().map((event, i) => auditRow(event, i + 1));
}

function codes(report: LogReport): string[] {
  return report.violations.map(({ code }) => code);
}

/** A sink whose log is whatever a test wants it to be, read by stream alone. */
class StreamFake extends MemorySink {
  readonly log: StoredEvent[];
  readonly error: unknown;

  constructor(events: Event[], error?: unknown) {
    super();
    this.log = events.map((event, i) => ({ seq: i + 1, event }));
    this.error = error;
  }

  override async *stream(): AsyncGenerator<StoredEvent, void, undefined> {
    yield* this.log;
    if (this.error !== undefined) throw await this.error;
  }
}

/** Several traces' events in turns, as runs that go on side by side write them. */
function interleaved(traces: number, length: number): Event[] {
  const chains = Array.from({ length: traces }, (_, i) => chain(i, length));
  return Array.from({ length }, (_, i) => chains.map((of) => of[i]!)).flat();
}

Deno.test("verifyLog finds nothing wrong with a log in order", async () => {
  await using sink = new MemorySink({ signKey: KEY });
  for (let i = 0; i < 30; i++) await sink.append(event(i % 3));
  assertEquals(await verifyLog(sink, { key: KEY }), {
    events: 30,
    traces: 3,
    unlinked: 0,
    violations: [],
    violationsTotal: 0,
    complete: true,
    passes: 1,
  });
  await using empty = new MemorySink();
  assertEquals((await verifyLog(empty)).events, 0);
});

Deno.test("verifyLog counts events from before the chain, as no damage", async () => {
  const old = [event(1), event(1), event(2)];
  const sink = new StreamFake([...old, linkEvent(event(1), null)]);
  const report = await verifyLog(sink);
  assertEquals(report.violations, []);
  assertEquals([report.events, report.traces, report.unlinked], [4, 2, 3]);
});

Deno.test("verifyLog names the row of an edited event", async () => {
  const events = interleaved(3, 4);
  events[5] = { ...events[5]!, payload: { step: "edited" } };
  const report = await verifyLog(new StreamFake(events));
  assertEquals(codes(report), ["hash_mismatch"]);
  assertEquals(report.violations[0]?.seq, 6);
  assertEquals(report.violations[0]?.event_id, events[5].event_id);
});

Deno.test("lesson 9: verifyLog finds an edit of each column of a plaintext row", async () => {
  const edits = {
    event_id: id(77),
    trace_id: id(77),
    task_id: id(77),
    parent_id: id(77),
    type: "data.other",
    source: "other",
  };
  for (const [column, value] of Object.entries(edits)) {
    const rows = rowsOf(chain(1, 3));
    rows[1] = {
      ...rows[1]!,
      columns: { ...rows[1]!.columns!, [column]: value },
    };
    const report = await verifyLog(new AuditableFake(rows));
    assertEquals(codes(report), ["column_mismatch"]);
    const { field, found, seq, message } = report.violations[0]!;
    assertEquals([field, found, seq], [column, value, 2]);
    assertStringIncludes(message, `column ${column}`);
  }
});

Deno.test("lesson 7: verifyLog compares every side-index row with the event", async () => {
  const ctx = { user: "ada", tries: 3, note: { deep: true } };
  const one = linkEvent(event(1, { payload: { ctx } }), null);
  const row = auditRow(one, 1);
  const right = [{ field: "user", value: "ada" }, {
    field: "tries",
    value: "3",
  }];
  const found = async (ctx: AuditRow["ctx"], fields = ["user", "tries"]) => {
    const rows = [{ ...row, ctx: ctx ?? [] }];
    const report = await verifyLog(new AuditableFake(rows, fields));
    return report.violations.map(({ code, field, expected, found }) =>
      [code, field, expected, found].join(" ")
    );
  };
  assertEquals(await found(right), []);
  assertEquals(await found(right, []), [], "registered once, and no longer");
  assertEquals(await found(right.slice(1)), ["index_mismatch user ada "]);
  assertEquals(await found([right[1]!, { field: "user", value: "eve" }]), [
    "index_mismatch user ada eve",
  ]);
  assertEquals(await found([...right, { field: "note", value: "x" }]), [
    "index_mismatch note  x",
  ]);
  assertEquals(await found([...right, { field: "admin", value: null }]), [
    "index_mismatch admin  ",
  ]);
});

Deno.test("lesson 7: verifyLog finds side-index rows of no event", async () => {
  const sink = new AuditableFake(rowsOf(chain(1, 1)));
  sink.orphans = [{ event_id: id(5), field: "user", value: "ada" }];
  const report = await verifyLog(sink);
  assertEquals(codes(report), ["orphan_index"]);
  assertEquals(report.violations[0]?.event_id, id(5));
});

Deno.test("lesson 5: verifyLog goes on past a row that cannot be decoded", async () => {
  const rows = rowsOf(chain(1, 3), chain(2, 2));
  const error = new SinkError("corrupt_row", "the tag does not fit", {
    seq: 2,
    event_id: id(9),
  });
  const { columns } = rows[1]!;
  rows[1] = { seq: 2, error, columns: columns! };
  rows[3] = { ...rows[3]!, text: "{}" };
  rows.push({ seq: 6, text: "no JSON" }, { seq: 7 });
  const report = await verifyLog(new AuditableFake(rows));
  assertEquals(report.complete, true);
  assertEquals(report.events, 7);
  assertEquals(
    report.violations.map(({ code, seq }) => `${code} ${seq}`),
    [
      "unreadable_row 2",
      "unreadable_row 4",
      "unreadable_row 6",
      "unreadable_row 7",
    ],
    "what stands behind an unreadable row is not blamed",
  );
  assertStringIncludes(report.violations[0]!.message, "the tag does not fit");
  assertEquals(report.violations[0]!.event_id, columns!.event_id);
});

Deno.test("verifyLog on a sink without audit ends at a corrupt row, and says so", async () => {
  const events = chain(1, 4);
  const anchors = [chainHead(events)!];
  const error = new SinkError("corrupt_line", "line 3 is no event", { seq: 3 });
  const sink = new StreamFake(events.slice(0, 2), error);
  const report = await verifyLog(sink, { anchors });
  assertEquals(report.complete, false);
  assertEquals(codes(report), ["unreadable_row"], "what is unread is not cut");
  assertEquals(report.violations[0]?.seq, 3);
});

Deno.test("verifyLog rejects with an error that is no corruption", async () => {
  const error = new SinkError("io", "the disk is gone");
  const sink = new StreamFake(chain(1, 1), error);
  assertEquals(await assertRejects(() => verifyLog(sink)), error);
});

Deno.test("verifyLog finds numbers that do not grow, and lets gaps be", async () => {
  const rows = rowsOf(chain(1, 3)).map((row) => ({
    ...row,
    seq: row.seq * 10,
  }));
  assertEquals((await verifyLog(new AuditableFake(rows))).violations, []);
  rows[2] = { ...rows[2]!, seq: 20 };
  const report = await verifyLog(new AuditableFake(rows));
  assertEquals(codes(report), ["seq_order"]);
});

Deno.test("lesson 11: verifyLog finds a cut tail and a dropped trace by anchors only", async () => {
  const [a, b, c] = [chain(1, 3), chain(2, 3), chain(3, 2)];
  const anchors = [a, b, c].flatMap((events) =>
    [events.slice(0, 1), events].map((part) => chainHead(part)!)
  );
  const log = new StreamFake([...a.slice(0, 2), ...c]);
  assertEquals(
    (await verifyLog(log)).violations,
    [],
    "chains alone see nothing",
  );
  const report = await verifyLog(log, { anchors });
  assertEquals(
    report.violations.map(({ code, trace_id }) => `${code} ${trace_id}`),
    [`cut_tail ${id(1)}`, `missing_trace ${id(2)}`],
  );
  assertEquals(report.traces, 2, "a trace that is not there is not counted");
});

Deno.test("verifyLog finds a trace written anew, or stripped of its chain, by an anchor", async () => {
  const anchors = [chainHead(chain(1, 2))!];
  const anew = await verifyLog(new StreamFake(chain(1, 3)), { anchors });
  assertEquals(codes(anew), ["head_mismatch"]);
  const bare = [event(1), event(1)];
  const stripped = await verifyLog(new StreamFake(bare), { anchors });
  assertEquals(codes(stripped), ["head_mismatch"]);
});

Deno.test("lesson 14: verifyLog reports the same however few traces it may hold", async () => {
  const events = interleaved(1_000, 3);
  for (let i = 0; i < events.length; i += 70) {
    events[i] = { ...events[i]!, source: "edited" };
  }
  events.splice(1_500, 1);
  const rows = rowsOf(events);
  rows[100] = { seq: 101, text: "torn" };
  const anchors: Anchor[] = [1, 2, 3, 2_000, 2_001].map((n) => ({
    trace_id: id(n),
    seq: 4,
    head: "a".repeat(64),
  }));
  for (const violationsMax of [5, 20, 1_000]) {
    const whole = new AuditableFake(rows);
    const options = { anchors, violationsMax };
    const { passes, ...expected } = await verifyLog(whole, options);
    assertEquals([passes, expected.traces], [1, 1_000]);
    assertEquals(
      expected.violations.length,
      Math.min(violationsMax, expected.violationsTotal),
    );
    assert(expected.violationsTotal > 40);
    const sink = new AuditableFake(rows);
    const { passes: parts, ...report } = await verifyLog(sink, {
      ...options,
      tracesMax: 10,
    });
    assertEquals(report, expected);
    assert(parts >= 100, `${parts} passes hold 10 traces each`);
    assertEquals([sink.reads, sink.open], [parts, 0]);
  }
});

Deno.test("verifyLog looks at the same rows in every pass", async () => {
  const rows = rowsOf(interleaved(40, 2));
  const sink = new AuditableFake(rows);
  const late = linkEvent(event(5), null);
  const report = await verifyLog(sink, {
    tracesMax: 10,
    onProgress: ({ pass, events }) => {
      // Wrong where it stands, and appended after the first pass had begun.
      if (pass === 1 && events === 80) rows.push(auditRow(late, 81));
    },
  });
  assertEquals(report.violations, []);
  assertEquals(report.events, 80);
});

Deno.test("verifyLog keeps as many violations as it may, and counts all", async () => {
  const events = chain(1, 50).map((event) => ({ ...event, source: "edited" }));
  const report = await verifyLog(new StreamFake(events), { violationsMax: 3 });
  assertEquals(report.violations.map(({ seq }) => seq), [1, 2, 3]);
  assertEquals(report.violationsTotal, 50);
});

Deno.test("verifyLog keeps the beginning of what an editor made long", async () => {
  const row = auditRow(chain(1, 1)[0]!, 1);
  const columns = { ...row.columns!, source: "x".repeat(1_000_000) };
  const report = await verifyLog(new AuditableFake([{ ...row, columns }]));
  const [violation] = report.violations;
  assertEquals(violation?.code, "column_mismatch");
  assertEquals(violation?.found, `${"x".repeat(1_024)}…`);
  assertEquals(violation?.message.length, 1_025);
});

Deno.test("verifyLog tells how far it has come", async () => {
  const sink = new StreamFake(chain(1, 2_500));
  const seen: LogProgress[] = [];
  await verifyLog(sink, { onProgress: (progress) => seen.push(progress) });
  assertEquals(seen.map(({ events }) => events), [1_024, 2_048, 2_500]);
  assertEquals(seen.at(-1), { pass: 1, passes: 1, events: 2_500, seq: 2_500 });
});

Deno.test("verifyLog is ended by its signal, between batches of a sink that never waits", async () => {
  const events = chain(1, 1_024);
  const controller = new AbortController();
  const reason = new Error("enough");
  const rows = Array.from({ length: 100 }, () => rowsOf(events)).flat();
  const sink = new AuditableFake(rows);
  // Fires only if the event loop gets its turn.
  const timer = setTimeout(() => controller.abort(reason), 0);
  try {
    const { signal } = controller;
    assertEquals(
      await assertRejects(() => verifyLog(sink, { signal })),
      reason,
    );
    assertEquals(sink.open, 0, "the reading is ended");
  } finally {
    clearTimeout(timer);
  }
});

Deno.test("verifyLog refuses bounds out of range, and anchors that can be read once", async () => {
  await using sink = new MemorySink();
  for (const bad of [0, -1, 1.5, NaN]) {
    await assertRejects(() => verifyLog(sink, { tracesMax: bad }), RangeError);
    await assertRejects(
      () => verifyLog(sink, { violationsMax: bad }),
      RangeError,
    );
  }
  const anchors = [][Symbol.iterator]();
  await assertRejects(() => verifyLog(sink, { anchors }), TypeError, "passes");
});

Deno.test("verifyLog reads a text that is not in stored form", async () => {
  const [first] = chain(1, 1) as [Event];
  const text = JSON.stringify(JSON.parse(serializeEvent(first)), null, 1);
  const sink = new AuditableFake([{ seq: 1, text }]);
  const report = await verifyLog(sink);
  assertEquals([report.violations, report.events], [[], 1]);
});
