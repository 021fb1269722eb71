import { assertEquals } from "@std/assert";
import { AesGcmCodec } from "../../../codec/mod.ts";
import { SqliteSink, verifyLog } from "../../../sinks/mod.ts";
import {
  DRIVERS,
  KEY,
  numbers,
  rejectsWith,
  sample,
  uuid,
  withFolder,
  withRaw,
} from "./_helpers.ts";

const inTeam = (n: number, team: unknown, role: unknown = null) =>
  sample(n, { payload: { n, ctx: { team, role } } });

/** What our own copy of the side index holds. */
function ownIndex(log: string): unknown[][] {
  return withRaw(
    log,
    (db) =>
      db.prepare("SELECT seq, field, value FROM zu_ctx_seq ORDER BY 1, 2").all()
        .map((row) => Object.values(row)),
  );
}

for (const driver of DRIVERS) {
  Deno.test(`lesson 12: reindex finds what was stored before a field was registered (${driver})`, async () => {
    await withFolder(async (log) => {
      {
        await using sink = await SqliteSink.open(log, { driver });
        await sink.appendAll([inTeam(1, "red"), inTeam(2, 7), sample(3)]);
        await rejectsWith(sink.query({ team: "red" }), "unknown_filter");
      }
      {
        const ctxFields = ["team"];
        await using sink = await SqliteSink.open(log, { driver, ctxFields });
        assertEquals(numbers(await sink.query({ team: "red" })), [1]);
        assertEquals(numbers(await sink.query({ team: 7 })), [2]);
        await sink.append(inTeam(4, "red", "admin"));
        assertEquals(await sink.count({ team: "red" }), 2);
        assertEquals((await verifyLog(sink)).violations, []);
      }
      {
        const ctxFields = ["team", "role"];
        await using sink = await SqliteSink.open(log, { driver, ctxFields });
        assertEquals(numbers(await sink.query({ role: null })), [1, 2]);
        const both = { role: "admin", team: "red" };
        assertEquals(numbers(await sink.query(both)), [4]);
        assertEquals((await verifyLog(sink)).violations, []);
      }
      // A sink that knows no field adds rows that the next one finds.
      {
        await using sink = await SqliteSink.open(log, { driver });
        await sink.append(inTeam(5, "red"));
      }
      const ctxFields = ["team"];
      await using sink = await SqliteSink.open(log, { driver, ctxFields });
      assertEquals(numbers(await sink.query({ team: "red" })), [1, 4, 5]);
      assertEquals(
        numbers(await sink.query({ team: "red" }, { afterSeq: 1, limit: 1 })),
        [4],
      );
    });
  });
}

Deno.test("reindex takes up rows that it could not read, once they can be read", async () => {
  await withFolder(async (log) => {
    const driver = "builtin";
    const codec = new AesGcmCodec(KEY);
    {
      await using sink = await SqliteSink.open(log, { driver, codec });
      await sink.append(inTeam(1, "red"));
    }
    const ctxFields = ["team"];
    {
      await using sink = await SqliteSink.open(log, { driver, ctxFields });
      // Of another trace, since the head of the first one cannot be read.
      const payload = { ctx: { team: "red" } };
      await sink.append(sample(2, { trace_id: uuid(9), payload }));
    }
    const options = { driver, codec, ctxFields } as const;
    await using sink = await SqliteSink.open(log, options);
    assertEquals(numbers(await sink.query({ team: "red" })), [1, 2]);
    assertEquals((await verifyLog(sink)).violations, []);
  });
});

Deno.test("zu_ctx_seq follows what another writer does to event_index", async () => {
  await withFolder(async (log) => {
    const options = { driver: "builtin", ctxFields: ["team"] } as const;
    {
      await using sink = await SqliteSink.open(log, options);
      await sink.append(inTeam(1, "red"));
    }
    // As the predecessor writes: the event, then its side-index rows.
    withRaw(log, (db) =>
      db.exec(`
        INSERT INTO events(event_id, trace_id, task_id, parent_id, type, source, data)
          SELECT 'other', trace_id, task_id, parent_id, type, source, data FROM events;
        INSERT OR REPLACE INTO event_index VALUES ('other', 'team', 'blue')`));
    assertEquals(ownIndex(log), [[1, "team", "red"], [2, "team", "blue"]]);
    withRaw(
      log,
      (db) =>
        db.exec(
          "INSERT OR REPLACE INTO event_index VALUES ('other', 'team', NULL)",
        ),
    );
    assertEquals(ownIndex(log), [[1, "team", "red"], [2, "team", null]]);
    withRaw(
      log,
      (db) =>
        db.exec(
          "UPDATE event_index SET value = 'green' WHERE event_id = 'other'",
        ),
    );
    assertEquals(ownIndex(log), [[1, "team", "red"], [2, "team", "green"]]);
    withRaw(
      log,
      (db) => db.exec("DELETE FROM event_index WHERE event_id = 'other'"),
    );
    assertEquals(ownIndex(log), [[1, "team", "red"]]);
  });
});

for (const driver of DRIVERS) {
  Deno.test(`a log that is read only finds by ctx what the file has indexed (${driver})`, async () => {
    await withFolder(async (log) => {
      const ctxFields = ["team"];
      {
        await using sink = await SqliteSink.open(log, { driver, ctxFields });
        await sink.appendAll([inTeam(1, "red"), inTeam(2, "blue")]);
      }
      // As the predecessor leaves it: event_index, and nothing of ours.
      withRaw(
        log,
        (db) =>
          db.exec(`DROP TABLE zu_ctx_seq; DROP TABLE zu_ctx_fields;
          DROP TRIGGER zu_event_index_added;
          DROP TRIGGER zu_event_index_changed;
          DROP TRIGGER zu_event_index_removed`),
      );
      const options = { driver, ctxFields, readOnly: true } as const;
      {
        await using sink = await SqliteSink.open(log, options);
        assertEquals(numbers(await sink.query({ team: "blue" })), [2]);
        assertEquals(await sink.count({ team: "red", source: "tests" }), 1);
        assertEquals((await verifyLog(sink)).violations, []);
      }
      // As 0.2.0 leaves it: there is nothing to find anything by.
      withRaw(log, (db) => db.exec("DROP TABLE event_index"));
      await rejectsWith(
        SqliteSink.open(log, options),
        "read_only",
        "without readOnly",
      );
      await using sink = await SqliteSink.open(log, { driver, readOnly: true });
      assertEquals(await sink.count(), 2);
      assertEquals((await verifyLog(sink)).violations, []);
    });
  });
}
