import { assert, assertEquals, assertRejects } from "@std/assert";
import type { DatabaseSync } from "node:sqlite";
import {
  type LogReport,
  SinkError,
  SqliteSink,
  type SqliteSinkOptions,
  verifyLog,
} from "../../../sinks/mod.ts";
import {
  brief,
  CODECS,
  DRIVERS,
  KEY,
  numbers,
  sample,
  uuid,
  withFolder,
  withRaw,
} from "./_helpers.ts";

const CTX = { ctxFields: ["role", "team"] };

/** A violation's code, seq and field. */
type Found = readonly [
  code: string,
  seq?: number | undefined,
  field?: string | undefined,
];

/** An edit behind the log's back, and what verification has to say first. */
interface Edit {
  readonly name: string;
  readonly sql: string;
  /** Code, seq and field; where they differ, plain before encrypted. */
  readonly found: readonly Found[];
}

const column = (
  name: string,
  value: string,
  encrypted = "unreadable_row",
): Edit => ({
  name: `the column ${name} set to ${value}`,
  sql: `UPDATE events SET ${name} = ${value} WHERE seq = 3`,
  found: [["column_mismatch", 3, name], [encrypted, 3]],
});

const index = (name: string, sql: string, field = "team"): Edit => ({
  name,
  sql,
  found: [["index_mismatch", 3, field]],
});

const ID3 = `'${uuid(3)}'`;
const OF_3 = `event_id = ${ID3}`;
const ANOTHER = `'${uuid(77)}'`;

/** Each is made on a log of six events on two traces, seq 1 to 6. */
const EDITS: readonly Edit[] = [
  column("event_id", ANOTHER),
  column("trace_id", ANOTHER),
  column("task_id", ANOTHER),
  column("parent_id", ANOTHER, "column_mismatch"),
  column("parent_id", "''", "column_mismatch"),
  column("parent_id", "'-'", "column_mismatch"),
  column("type", "'harness.other'"),
  column("type", "type || char(0)"),
  column("source", "''"),
  column("source", "source || char(31) || 'x'"),
  {
    name: "a column's type, from text to blob",
    sql: "UPDATE events SET type = CAST(type AS BLOB) WHERE seq = 3",
    found: [["column_mismatch", 3, "event_id"]],
  },
  {
    name: "a byte of the blob",
    sql: `UPDATE events SET data = CASE substr(data, 1, 1)
      WHEN x'00' THEN unhex(replace(hex(data), hex('"n":3'), hex('"n":4')))
      ELSE CAST(substr(data, 1, 60) || CASE substr(data, 61, 1)
        WHEN x'30' THEN x'31' ELSE x'30' END || substr(data, 62) AS BLOB)
      END WHERE seq = 3`,
    found: [["hash_mismatch", 3], ["unreadable_row", 3]],
  },
  {
    name: "the end of the blob",
    sql: "UPDATE events SET data = substr(data, 1, 20) WHERE seq = 3",
    found: [["unreadable_row", 3]],
  },
  {
    name: "the whole blob",
    sql: "UPDATE events SET data = x'' WHERE seq = 3",
    found: [["unreadable_row", 3]],
  },
  {
    name: "the blob's version byte",
    sql: "UPDATE events SET data = x'63' || substr(data, 2) WHERE seq = 3",
    found: [["unreadable_row", 3]],
  },
  {
    name: "a row that was deleted",
    sql: `DELETE FROM event_index WHERE ${OF_3};
      DELETE FROM events WHERE seq = 3`,
    found: [["broken_link", 5]],
  },
  {
    name: "two rows of a trace that were swapped",
    sql: `UPDATE events SET seq = 100 WHERE seq = 3;
      UPDATE events SET seq = 3 WHERE seq = 5;
      UPDATE events SET seq = 5 WHERE seq = 100`,
    found: [["broken_link", 3]],
  },
  {
    name: "a row that was put in again under another id",
    sql:
      `INSERT INTO events(event_id, trace_id, task_id, parent_id, type, source, data)
      SELECT ${ANOTHER}, trace_id, task_id, parent_id, type, source, data
      FROM events WHERE seq = 3`,
    found: [["column_mismatch", 7, "event_id"], ["unreadable_row", 7]],
  },
  {
    name: "a row whose text was taken from another",
    sql: `UPDATE events SET data = (SELECT data FROM events WHERE seq = 5)
      WHERE seq = 3`,
    found: [["column_mismatch", 3, "event_id"], ["unreadable_row", 3]],
  },
  index(
    "a larger value in event_index",
    `UPDATE event_index SET value = 'zzz' WHERE ${OF_3} AND field = 'team'`,
  ),
  index(
    "a smaller value in event_index",
    `UPDATE event_index SET value = '' WHERE ${OF_3} AND field = 'team'`,
  ),
  index(
    "a null in event_index",
    `UPDATE event_index SET value = NULL WHERE ${OF_3} AND field = 'team'`,
  ),
  index(
    "a row of event_index that was deleted",
    `DELETE FROM event_index WHERE ${OF_3} AND field = 'team'`,
  ),
  index(
    "a row of event_index that was added",
    `INSERT INTO event_index VALUES (${ID3}, 'other', 'x')`,
    "other",
  ),
  index(
    "a row of event_index that was given another field",
    `UPDATE event_index SET field = 'other' WHERE ${OF_3} AND field = 'team'`,
  ),
  {
    name: "a row of event_index that was given to no event",
    sql: `UPDATE event_index SET event_id = ${ANOTHER} WHERE ${OF_3}
      AND field = 'team'`,
    found: [["index_mismatch", 3, "team"]],
  },
  {
    name: "a row of event_index of no event",
    sql: `INSERT INTO event_index VALUES (${ANOTHER}, 'team', 'red')`,
    found: [["orphan_index", undefined, "team"]],
  },
  index(
    "a larger value in zu_ctx_seq",
    "UPDATE zu_ctx_seq SET value = 'zzz' WHERE seq = 3 AND field = 'team'",
  ),
  index(
    "a smaller value in zu_ctx_seq",
    "UPDATE zu_ctx_seq SET value = '' WHERE seq = 3 AND field = 'team'",
  ),
  index(
    "a null in zu_ctx_seq",
    "UPDATE zu_ctx_seq SET value = NULL WHERE seq = 3 AND field = 'team'",
  ),
  index(
    "a row of zu_ctx_seq that was deleted",
    "DELETE FROM zu_ctx_seq WHERE seq = 3 AND field = 'team'",
  ),
  index(
    "a row of zu_ctx_seq that was added",
    "INSERT INTO zu_ctx_seq VALUES ('other', 'x', 3)",
    "other",
  ),
  index(
    "a row of zu_ctx_seq that was given to another event",
    "UPDATE zu_ctx_seq SET seq = 50 WHERE seq = 3 AND field = 'team'",
  ),
  index(
    "the same edit in both",
    `UPDATE event_index SET value = 'blue' WHERE ${OF_3} AND field = 'team';
     UPDATE zu_ctx_seq SET value = 'blue' WHERE seq = 3 AND field = 'team'`,
  ),
];

/** Makes a log of six events on two traces. */
async function make(log: string, options: SqliteSinkOptions): Promise<void> {
  await using sink = await SqliteSink.open(log, { ...options, ...CTX });
  for (let n = 1; n <= 6; n++) {
    const payload = { n, ctx: { team: "red", role: null } };
    await sink.append(sample(n, {
      trace_id: uuid(100 + n % 2),
      parent_id: n === 4 ? uuid(3) : null,
      payload,
    }));
  }
}

/** Verifies a copy of a log that was edited. */
async function verifyEdited(
  log: string,
  options: SqliteSinkOptions,
  edit: (db: DatabaseSync) => void,
): Promise<LogReport> {
  const copy = `${log}-copy.db`;
  await Deno.copyFile(log, copy);
  try {
    withRaw(copy, edit);
    await using sink = await SqliteSink.open(copy, {
      ...options,
      ...CTX,
      readOnly: true,
    });
    return await verifyLog(sink);
  } finally {
    for (const end of ["", "-wal", "-shm"]) {
      await Deno.remove(copy + end).catch(() => {});
    }
  }
}

const names = Object.keys(CODECS);
for (const driver of DRIVERS) {
  for (const [at, name] of names.entries()) {
    Deno.test(`lessons 7 and 9: verifyLog finds every edit of a row, a column or the side index (${driver}, ${name})`, async () => {
      await withFolder(async (log) => {
        const options = { driver, ...CODECS[name] };
        await make(log, options);
        const clean = await verifyEdited(log, options, () => {});
        assertEquals(clean.violations, []);
        assertEquals([clean.events, clean.traces], [6, 2]);
        for (const { name, sql, found } of EDITS) {
          const report = await verifyEdited(log, options, (db) => db.exec(sql));
          const [code, seq, field] = found[at] ?? found[0]!;
          const all = report.violations.map(brief);
          assert(
            all.some((violation) =>
              violation[0] === code && violation[1] === seq &&
              (field === undefined || violation[2] === field)
            ),
            `${name}: ${Deno.inspect(all)} for ${[code, seq, field]}`,
          );
        }
      });
    });
  }
}

Deno.test("lesson 7: an encrypted log keeps the payload from the file, and no more than that", async () => {
  await withFolder(async (log) => {
    const secret = "a-payload-that-nobody-should-read";
    const options = { driver: "builtin", ...CODECS["AES-256-GCM"] } as const;
    const bytes = async (path: string) =>
      new TextDecoder("latin1").decode(await Deno.readFile(path));
    let wal = "";
    let file = "";
    {
      await using sink = await SqliteSink.open(log, { ...options, ...CTX });
      await sink.append(sample(1, {
        source: "a-source",
        type: "harness.a-type",
        payload: { secret, ctx: { team: "a-team", other: secret } },
      }));
      // The log is in the write-ahead log alone so far, which is no database
      // file: reading it takes no lock away.
      wal = await bytes(`${log}-wal`);
    }
    file = await bytes(log);
    for (const text of [wal, file]) {
      assert(text.length > 4096, "there is something to look at");
      assert(!text.includes(secret));
      // What stays in clear, as docs/formats.md says.
      for (const clear of [uuid(1), uuid(2), "a-source", "harness.a-type"]) {
        assert(text.includes(clear), clear);
      }
      assert(text.includes("a-team"), "values of registered ctx fields");
    }
    const docs = await Deno.readTextFile(
      new URL("../../../docs/formats.md", import.meta.url),
    );
    assert(/clear/.test(docs), "what stays in clear is documented");
  });
});

Deno.test("verifyLog finds a signature that was made with another key", async () => {
  await withFolder(async (log) => {
    const driver = "builtin";
    {
      await using sink = await SqliteSink.open(log, { driver, signKey: KEY });
      await sink.append(sample(1));
    }
    await using sink = await SqliteSink.open(log, { driver, readOnly: true });
    assertEquals((await verifyLog(sink, { key: KEY })).violations, []);
    const report = await verifyLog(sink, { key: new Uint8Array(32) });
    assertEquals(report.violations.map(brief), [[
      "bad_signature",
      1,
      undefined,
    ]]);
  });
});

for (const driver of DRIVERS) {
  Deno.test(`verifyLog finds a row that was moved to where no number reaches (${driver})`, async () => {
    for (const seq of ["9007199254740993", "9223372036854775807", "-5"]) {
      await withFolder(async (log) => {
        await make(log, { driver });
        withRaw(
          log,
          (db) => db.exec(`UPDATE events SET seq = ${seq} WHERE seq = 3`),
        );
        await using sink = await SqliteSink.open(log, { driver });
        const left = [1, 2, 4, 5, 6];
        assertEquals(numbers(await sink.query()), left);
        const one = Array.fromAsync(sink.stream({}, { batchSize: 1 }));
        assertEquals(numbers(await one), left);
        const { violations } = await verifyLog(sink);
        const found = violations.map(brief);
        assertEquals(found[0], ["broken_link", 5, undefined]);
        if (seq === "-5") await sink.append(sample(7));
        else {
          // The next number would be further still.
          await assertRejects(() => sink.append(sample(7)), SinkError);
          assertEquals(numbers(await sink.query()), left);
        }
      });
    }
  });
}
