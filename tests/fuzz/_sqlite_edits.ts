// Random edits of a SQLite log, made behind the sink's back.
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import fc from "fast-check";

/** How many rows the log has, seq 1 to this. */
export const ROWS = 12;

/** One edit: statements with their values. */
export interface Edit {
  readonly name: string;
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

const seq = fc.integer({ min: 1, max: ROWS });
const bytes = fc.uint8Array({ maxLength: 40 });
const column = fc.constantFrom(
  ...["event_id", "trace_id", "task_id", "parent_id", "type", "source"],
);

/** What a column may hold that no sink writes. */
const oddValue: fc.Arbitrary<SQLInputValue> = fc.oneof(
  fc.constantFrom<SQLInputValue>(
    ...[null, "", "\0", "a\0b", "\x1f", "harness.x", "data.", "😀", -1, 0, 1.5],
    ...[1e400, 2n ** 62n, new Uint8Array(), Uint8Array.of(0xff, 0xfe)],
    ...["x".repeat(70_000), "00000000-0000-4000-8000-000000000003", "\ufeff"],
  ),
  fc.string({ unit: "binary", maxLength: 10 }).map((text) =>
    text.toWellFormed()
  ),
  bytes,
);

function edit(name: string, sql: string, ...values: SQLInputValue[]): Edit {
  return { name, sql, values };
}

const OTHER = `(SELECT data FROM events WHERE seq = ?)`;

/** Any edit of a row, of the index beside it, or of what holds them. */
export const anyEdit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(column, oddValue, seq).map(([name, value, seq]) =>
    edit(name, `UPDATE events SET ${name} = ? WHERE seq = ?`, value, seq)
  ),
  fc.tuple(column, bytes, seq).map(([name, value, seq]) =>
    edit(
      `${name}, bytes as text`,
      `UPDATE events SET ${name} = CAST(? AS TEXT) WHERE seq = ?`,
      value,
      seq,
    )
  ),
  fc.tuple(column, column, seq, seq).map(([to, from, seq, other]) =>
    edit(
      `${to} from ${from}`,
      `UPDATE OR IGNORE events SET ${to} =
        coalesce((SELECT ${from} FROM events WHERE seq = ?), '') WHERE seq = ?`,
      other,
      seq,
    )
  ),
  fc.tuple(oddValue, seq).map(([value, seq]) =>
    edit(
      "data",
      "UPDATE OR IGNORE events SET data = ? WHERE seq = ?",
      value,
      seq,
    )
  ),
  fc.tuple(fc.nat({ max: 500 }), bytes, fc.nat({ max: 9 }), seq).map(
    ([at, put, drop, seq]) =>
      edit(
        "bytes of data",
        `UPDATE events SET data = CAST(substr(data, 1, ?1 % (length(data) + 1))
          || ?2 || substr(data, ?1 % (length(data) + 1) + 1 + ?3) AS BLOB)
          WHERE seq = ?4`,
        at,
        put,
        drop,
        seq,
      ),
  ),
  fc.tuple(
    fc.constantFrom("0", "1", "2", "7", " ", "{"),
    fc.constantFrom("3", "n", "a", ":", ","),
    seq,
  )
    .map(([to, from, seq]) =>
      edit(
        "a character of the text",
        `UPDATE events SET data = unhex(replace(hex(data), hex(?), hex(?)))
          WHERE seq = ?`,
        from,
        to,
        seq,
      )
    ),
  fc.tuple(fc.constantFrom(0, 1, 2, 3, 123), seq).map(([version, seq]) =>
    edit(
      "data's version",
      "UPDATE events SET data = CAST(? || substr(data, 2) AS BLOB) WHERE seq = ?",
      Uint8Array.of(version),
      seq,
    )
  ),
  fc.tuple(seq, seq).map(([seq, other]) =>
    edit(
      "data of another",
      `UPDATE events SET data = ${OTHER} WHERE seq = ?`,
      other,
      seq,
    )
  ),
  seq.map((seq) => edit("removed", "DELETE FROM events WHERE seq = ?", seq)),
  fc.tuple(seq, fc.constantFrom(0, -5, 100, 2n ** 53n, 2n ** 63n - 1n)).map(
    ([seq, to]) =>
      edit("renumbered", "UPDATE events SET seq = ? WHERE seq = ?", to, seq),
  ),
  fc.tuple(seq, oddValue, column).map(([seq, id, name]) =>
    edit(
      "put in again",
      `INSERT OR IGNORE INTO events
        (event_id, trace_id, task_id, parent_id, type, source, data)
        SELECT ?, trace_id, task_id, parent_id, ${name}, source, data
        FROM events WHERE seq = ? AND ${name} IS NOT NULL`,
      id,
      seq,
    )
  ),
  fc.tuple(oddValue, seq).map(([value, seq]) =>
    edit(
      "a value of event_index",
      `UPDATE event_index SET value = ? WHERE event_id =
        (SELECT event_id FROM events WHERE seq = ?)`,
      value,
      seq,
    )
  ),
  fc.tuple(oddValue, seq).map(([value, seq]) =>
    edit(
      "a value of zu_ctx_seq",
      "UPDATE zu_ctx_seq SET value = ? WHERE seq = ?",
      value,
      seq,
    )
  ),
  seq.map((seq) =>
    edit(
      "a row of zu_ctx_seq removed",
      "DELETE FROM zu_ctx_seq WHERE seq = ?",
      seq,
    )
  ),
  fc.tuple(oddValue, oddValue).map(([id, value]) =>
    edit(
      "an orphan",
      "INSERT OR IGNORE INTO event_index VALUES (?, 'team', ?)",
      id,
      value,
    )
  ),
  fc.constantFrom(
    ...[
      "DELETE FROM event_index",
      "DELETE FROM zu_ctx_seq",
      "DELETE FROM events",
    ],
    ...[
      "DROP TABLE event_index",
      "DROP TABLE zu_ctx_seq",
      "DROP INDEX idx_events_trace",
    ],
    ...[
      "ALTER TABLE events DROP COLUMN source",
      "DROP TABLE events",
      "DROP TABLE zu_ctx_fields",
    ],
    ...[
      "ALTER TABLE events RENAME COLUMN data TO blob",
      "PRAGMA user_version = 99",
    ],
  ).map((sql) => edit(sql, sql)),
);

/** Makes an edit; one that the tables themselves refuse changes nothing. */
export function apply(db: DatabaseSync, { sql, values }: Edit): void {
  try {
    db.prepare(sql).run(...values);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code !== "ERR_SQLITE_ERROR") throw error;
  }
}
