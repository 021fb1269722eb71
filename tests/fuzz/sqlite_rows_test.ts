import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { AesGcmCodec, ManagedAesGcmCodec } from "../../codec/mod.ts";
import {
  type Anchor,
  createEvent,
  type Event,
  type LogReport,
  serializeEvent,
  SinkError,
  SqliteSink,
  type SqliteSinkOptions,
  verifyLog,
} from "../../sinks/mod.ts";
import { uuid } from "../sinks/_numbered_events.ts";
import { reportRow, runsOf, Tally } from "./_form.ts";
import { anyEdit, apply, type Edit, ROWS } from "./_sqlite_edits.ts";

const AES = new AesGcmCodec(new Uint8Array(32).fill(7));
const MANAGED = new ManagedAesGcmCodec({
  currentKeyId: "k",
  key: () => new Uint8Array(32).fill(8),
});
const CODECS: Readonly<Record<string, SqliteSinkOptions>> = {
  plain: {},
  "AES-256-GCM": { codec: AES },
  "AES-256-GCM with key ids": { codec: MANAGED },
};
const OPTIONS: SqliteSinkOptions = {
  ctxFields: ["role", "team"],
  driver: "builtin",
};
const TRACES = [101, 102, 103].map(uuid);

function event(n: number): Event {
  return createEvent({
    event_id: uuid(n),
    trace_id: TRACES[n % TRACES.length]!,
    task_id: uuid(200 + n % 2),
    parent_id: n % 4 === 0 ? uuid(n - 1) : null,
    type: n % 2 === 0 ? "data.page" : "harness.step",
    source: n % 5 === 0 ? "" : "tests",
    ts: "2024-01-02T03:04:05Z",
    payload: { n, ctx: { role: `r${n % 3}`, team: n % 2 === 0 ? null : "a" } },
  });
}

/** A log of which copies are edited. */
interface Log {
  readonly options: SqliteSinkOptions;
  readonly bytes: Uint8Array;
  readonly anchors: readonly Anchor[];
  readonly texts: Readonly<Record<string, readonly string[]>>;
}

/** The events' texts of each trace, in the order of the log. */
function byTrace(events: readonly Event[]): Record<string, string[]> {
  const traces: Record<string, string[]> = {};
  for (const event of events) {
    (traces[event.trace_id] ??= []).push(serializeEvent(event));
  }
  return traces;
}

async function makeLog(
  folder: string,
  options: SqliteSinkOptions,
): Promise<Log> {
  const path = `${folder}/made.db`;
  const sink = await SqliteSink.open(path, { ...OPTIONS, ...options });
  const events = Array.from({ length: ROWS }, (_, n) => event(n + 1));
  const stored = await sink.appendAll(events);
  await sink.close();
  const texts = byTrace(stored.map(({ event }) => event));
  const bytes = await Deno.readFile(path);
  await Deno.remove(path);
  const anchors = TRACES.map((trace_id) => {
    const last = stored.findLast(({ event }) => event.trace_id === trace_id)!;
    return { trace_id, seq: texts[trace_id]!.length, head: last.event.hash! };
  });
  return { options: { ...OPTIONS, ...options }, bytes, anchors, texts };
}

/** What a call comes to: its result, or the error that names what is wrong. */
async function outcome<T>(call: Promise<T>): Promise<T | SinkError> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof SinkError)) throw error;
    assert(error.message.length > 20, error.message);
    if (error.code === "corrupt_row") {
      assert(error.seq !== undefined, error.message);
      assert(error.message.includes(`row ${error.seq}`), error.message);
    } else assert(error.code !== "io" || error.cause instanceof Error);
    return error;
  }
}

/** Asserts what has to hold of an edited file, and says what came of it. */
async function check(
  path: string,
  log: Log,
  readOnly: boolean,
): Promise<string> {
  const sink = await outcome(
    SqliteSink.open(path, { ...log.options, readOnly }),
  );
  if (sink instanceof SinkError) return `open: ${sink.code}`;
  try {
    const read = await outcome(sink.query());
    const streamed = await outcome(Array.fromAsync(sink.stream()));
    const ofTraces = await outcome(Promise.all(
      TRACES.map((trace_id) => sink.query({ trace_id })),
    ));
    const byColumn = await outcome(Promise.all([
      sink.count({ type: "data.page" }),
      sink.count({ source: "tests" }),
      sink.count({ task_id: uuid(200) }),
      sink.count({ parent_id: null }),
    ]));
    const ofRoles = await outcome(Promise.all(
      ["r0", "r1", "r2"].map((role) => sink.query({ role })),
    ));
    const report = await outcome(verifyLog(sink, { anchors: log.anchors }));
    if (report instanceof SinkError) return `verify: ${report.code}`;
    assertNamed(report);
    if (read instanceof SinkError) {
      assert(report.violationsTotal > 0, `unreadable, but ${read.message}`);
      return `violation: ${report.violations[0]!.code}`;
    }
    if (report.violationsTotal > 0) {
      return `violation: ${report.violations[0]!.code}`;
    }
    // Nobody has said a word: then it must be the log that was written.
    assertEquals(byTrace(read.map(({ event }) => event)), log.texts);
    assertEquals(streamed, read);
    // What SQLite searches by is damaged, and it says so.
    if (ofTraces instanceof SinkError) return `search: ${ofTraces.code}`;
    if (ofRoles instanceof SinkError) return `search: ${ofRoles.code}`;
    if (byColumn instanceof SinkError) return `search: ${byColumn.code}`;
    try {
      const events = ofTraces.flat().map(({ event }) => event);
      assertEquals(byTrace(events), log.texts);
      assertEquals(ofRoles.flat().length, ROWS);
      assertEquals(byColumn, [6, 10, 6, 9]);
    } catch (error) {
      // A damaged index of SQLite's own, which SQLite alone can tell: verifyLog
      // reads every row, but not the trees by which they are found.
      if (isIntact(path)) throw error;
      return "search: wrong, as integrity_check tells";
    }
    return "the same";
  } finally {
    await sink.close();
  }
}

/** Whether SQLite finds nothing wrong with a file. */
function isIntact(path: string): boolean {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const rows = db.prepare("PRAGMA integrity_check").all();
    return rows.length === 1 && rows[0]!.integrity_check === "ok";
  } finally {
    db.close();
  }
}

/** Every violation says where: a row, an event or a trace. */
function assertNamed({ violations }: LogReport): void {
  for (const { seq, event_id, trace_id, message } of violations) {
    assert(
      seq !== undefined || event_id !== null || trace_id !== null,
      message,
    );
    assert(message.length > 20, message);
  }
}

/** Has many edited copies of a log examined. */
async function examine<T>(
  test: string,
  options: SqliteSinkOptions,
  change: fc.Arbitrary<T>,
  edited: (path: string, log: Log, change: T) => Promise<void>,
  [short, long]: readonly number[],
): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  const tally = new Tally();
  const runs = runsOf(test, short!, long!);
  try {
    const log = await makeLog(folder, options);
    let n = 0;
    await fc.assert(
      fc.asyncProperty(change, fc.boolean(), async (change, readOnly) => {
        const path = `${folder}/${n++}.db`;
        await edited(path, log, change);
        tally.add(await check(path, log, readOnly));
        for (const { name } of Deno.readDirSync(folder)) {
          if (name.startsWith(`${n - 1}.`)) {
            await Deno.remove(`${folder}/${name}`);
          }
        }
      }),
      { ...runs, endOnFailure: false },
    );
    reportRow(test, "the log as it was", runs.numRuns, `${tally}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function editRows(path: string, log: Log, edits: Edit[]): Promise<void> {
  await Deno.writeFile(path, log.bytes);
  const db = new DatabaseSync(path);
  try {
    for (const edit of edits) apply(db, edit);
  } finally {
    db.close();
  }
}

for (const [name, options] of Object.entries(CODECS)) {
  Deno.test(`SqliteSink and verifyLog read edited rows as they were, or say which are not (${name})`, async () => {
    const edits = fc.array(anyEdit, { minLength: 1, maxLength: 3 });
    const runs = name === "plain" ? [30, 1000] : [8, 300];
    await examine(`edited rows, ${name}`, options, edits, editRows, runs);
  });
}

Deno.test("SqliteSink and verifyLog read a file with changed bytes as it was, or say that it is not", async () => {
  const changes = fc.array(
    fc.record({
      at: fc.nat({ max: 2 ** 20 }),
      byte: fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0, 1, 255)),
    }),
    { minLength: 1, maxLength: 2 },
  );
  const cut = fc.option(fc.nat({ max: 2 ** 20 }), { nil: undefined, freq: 6 });
  await examine(
    "changed bytes",
    {},
    fc.tuple(changes, cut),
    async (path, log, [changes, cut]) => {
      const bytes = log.bytes.slice();
      for (const { at, byte } of changes) bytes[at % bytes.length] = byte;
      const end = cut === undefined ? bytes.length : cut % bytes.length;
      await Deno.writeFile(path, bytes.subarray(0, end));
    },
    [25, 1500],
  );
});
