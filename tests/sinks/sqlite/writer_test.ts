import { assert, assertEquals, assertThrows } from "@std/assert";
import { linkEvent, serializeEvent } from "../../../sinks/mod.ts";
import { packBlobs } from "../../../sinks/rows/blobs.ts";
import { loadBuiltinDriver } from "../../../sinks/sqlite/builtin_driver.ts";
import type { SqlConnection } from "../../../sinks/sqlite/connection.ts";
import type { WriteBatch } from "../../../sinks/rows/stored_rows.ts";
import { toFailure } from "../../../sinks/sqlite/failure.ts";
import { createTables } from "../../../sinks/sqlite/schema.ts";
import { Writer } from "../../../sinks/sqlite/writer.ts";
import { sample, uuid } from "./_helpers.ts";

/** Throws where it is to, before the statement is run. */
type Fault = (sql: string) => void;

/** A connection in memory whose statements may be made to fail. */
async function faulty(): Promise<{
  connection: SqlConnection;
  failOn: (fault: Fault) => void;
  rows: () => number[];
}> {
  const driver = await loadBuiltinDriver();
  const real = driver.open(":memory:", { readOnly: false });
  let fault: Fault = () => {};
  const connection: SqlConnection = {
    exec(sql) {
      fault(sql);
      real.exec(sql);
    },
    prepare(sql) {
      const statement = real.prepare(sql);
      return {
        run(...params) {
          fault(sql);
          statement.run(...params);
        },
        rows(...params) {
          fault(sql);
          return statement.rows(...params);
        },
      };
    },
    copyTo: (path) => real.copyTo(path),
    get inTransaction() {
      return real.inTransaction;
    },
    close: () => real.close(),
  };
  createTables(connection, true);
  const ids = real.prepare("SELECT event_id FROM events ORDER BY seq");
  return {
    connection,
    failOn: (next) => fault = next,
    rows: () => ids.rows().map(([id]) => parseInt(String(id).slice(-12), 16)),
  };
}

/** An error as SQLite's driver throws it. */
function sqliteError(code: number): Error {
  return Object.assign(new Error("made up by a test"), { errcode: code });
}

/** Fails the nth statement that begins like this, counted from 1. */
function nth(start: string, n: number): Fault {
  let seen = 0;
  return (sql) => {
    if (sql.startsWith(start) && ++seen === n) throw sqliteError(10);
  };
}

let lastId = 0;

/** Some events as a batch; each begins a trace, so that no proof can be wrong. */
function batch(...ids: number[]): WriteBatch {
  const events = ids.map((n) =>
    linkEvent(sample(n, { trace_id: uuid(1000 + n) }), null)
  );
  return {
    id: ++lastId,
    basis: undefined,
    columns: events.flatMap((event) => [
      event.event_id,
      event.trace_id,
      event.task_id,
      event.parent_id,
      event.type,
      event.source,
    ]),
    blobs: packBlobs(
      events.map((event) =>
        new TextEncoder().encode(`\0${serializeEvent(event)}`)
      ),
    ),
    ctx: events.map(({ event_id }) => [event_id, "field", "value"] as const),
    proofs: events.map(({ trace_id }) => ({
      trace_id,
      seq: 0,
      event_id: null,
      epoch: -1,
    })),
  };
}

const FAULTS: Record<string, Fault> = {
  "BEGIN": nth("BEGIN", 1),
  "the first INSERT": nth("INSERT INTO events", 1),
  "the last INSERT": nth("INSERT INTO events", 3),
  "an INSERT into the side index": nth("INSERT OR REPLACE", 2),
  "reading the last seq": nth("SELECT seq FROM sqlite_sequence", 1),
  "a look at a head": nth("SELECT max(seq)", 2),
  "COMMIT": nth("COMMIT", 1),
};

for (const [name, fault] of Object.entries(FAULTS)) {
  Deno.test(`lesson 3: Writer leaves no row where ${name} fails`, async () => {
    const { connection, failOn, rows } = await faulty();
    try {
      const writer = new Writer(connection);
      assertEquals(writer.write(batch(1)).kind, "committed");
      failOn(fault);
      assertThrows(() => writer.write(batch(2, 3, 4)), Error, "made up");
      assert(!connection.inTransaction);
      assertEquals(rows(), [1]);
      assertEquals(writer.write(batch(5)).kind, "committed");
      assertEquals(rows(), [1, 5]);
      // What failed can be written again as it was.
      assertEquals(writer.write(batch(2, 3, 4)).kind, "committed");
      assertEquals(rows(), [1, 5, 2, 3, 4]);
    } finally {
      connection.close();
    }
  });
}

Deno.test("lesson 3: Writer does not commit later what could not be rolled back", async () => {
  const { connection, failOn, rows } = await faulty();
  try {
    const writer = new Writer(connection);
    failOn((sql) => {
      if (sql === "COMMIT") throw sqliteError(13);
      if (sql === "ROLLBACK") throw sqliteError(10);
    });
    const error = assertThrows(() => writer.write(batch(1, 2)), Error);
    assertEquals(
      (error as { errcode?: number }).errcode,
      13,
      "the first error",
    );
    assert(connection.inTransaction);
    failOn(() => {});
    assertEquals(writer.write(batch(3)).kind, "committed");
    assertEquals(rows(), [3]);
  } finally {
    connection.close();
  }
});

Deno.test("lesson 2: Writer stays usable where the lock cannot be had", async () => {
  const { connection, failOn, rows } = await faulty();
  try {
    const writer = new Writer(connection);
    failOn((sql) => {
      if (sql.startsWith("BEGIN")) throw sqliteError(5);
    });
    assertThrows(() => writer.lock(1000), Error);
    assertThrows(() => writer.write(batch(1)), Error);
    assert(!connection.inTransaction);
    failOn(() => {});
    writer.lock(1000);
    assertEquals(writer.write(batch(2)).kind, "committed");
    assertEquals(rows(), [2]);
  } finally {
    connection.close();
  }
});

Deno.test("Writer refuses a batch that was linked to an older head", async () => {
  const { connection, rows } = await faulty();
  try {
    const writer = new Writer(connection);
    const first = batch(1);
    const { epoch } = writer.heads({ trace_ids: [uuid(1001)] });
    assertEquals(writer.write(first), { kind: "committed", lastSeq: 1, epoch });
    // Someone who saw no event of the trace, and in no epoch of this connection.
    const second = { ...batch(2), proofs: first.proofs };
    assertEquals(writer.write(second).kind, "stale");
    assert(!connection.inTransaction);
    const proofs = [{
      trace_id: uuid(1001),
      seq: 1,
      event_id: null,
      epoch: -1,
    }];
    assertEquals(writer.write({ ...second, proofs }).kind, "committed");
    assertEquals(rows(), [1, 2]);
  } finally {
    connection.close();
  }
});

Deno.test("Writer refuses a batch behind another that was not committed", async () => {
  const { connection, rows } = await faulty();
  try {
    const writer = new Writer(connection);
    const [first, second] = [batch(1), batch(2)];
    assertEquals(writer.write({ ...second, basis: first.id }).kind, "stale");
    assertEquals(writer.write(first).kind, "committed");
    assertEquals(
      writer.write({ ...second, basis: first.id }).kind,
      "committed",
    );
    assertEquals(rows(), [1, 2]);
  } finally {
    connection.close();
  }
});

Deno.test("Writer says duplicate for an id that is taken, and writes none of the batch", async () => {
  const { connection, rows } = await faulty();
  try {
    const writer = new Writer(connection);
    writer.write(batch(1));
    const [second, again] = [batch(2), batch(1)];
    // The id that is taken, in a trace that nobody has written to.
    const columns = again.columns.with(1, uuid(2000));
    const both: WriteBatch = {
      ...second,
      columns: [...second.columns, ...columns],
      blobs: packBlobs([second, again].map(({ blobs }) => blobs.bytes)),
    };
    assertEquals(writer.write(both).kind, "duplicate");
    assert(!connection.inTransaction);
    assertEquals(rows(), [1]);
  } finally {
    connection.close();
  }
});

Deno.test("Writer lets go of the lock when the lease is over", async () => {
  const { connection, rows } = await faulty();
  try {
    const writer = new Writer(connection);
    writer.lock(0);
    assert(connection.inTransaction);
    // The lease is a timer of 0 ms that was set before this one.
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert(!connection.inTransaction);
    assertEquals(writer.write(batch(1)).kind, "committed");
    assertEquals(rows(), [1]);
  } finally {
    connection.close();
  }
});

Deno.test("Writer reports a full disk as such, and writes on where there is room", async () => {
  const { connection, rows } = await faulty();
  try {
    const writer = new Writer(connection);
    writer.write(batch(1));
    const [[pages]] = connection.prepare("PRAGMA page_count").rows() as [
      [number],
    ];
    // A limit of the connection's own stands for the disk's.
    connection.exec(`PRAGMA max_page_count = ${pages + 4}`);
    const large = batch(2);
    const blob = new Uint8Array(100_000);
    const error = assertThrows(() =>
      writer.write({ ...large, blobs: packBlobs([blob]) })
    );
    assertEquals(toFailure(error).code, "disk_full");
    assertEquals(rows(), [1]);
    assertEquals(writer.write(batch(3)).kind, "committed");
    assertEquals(rows(), [1, 3]);
  } finally {
    connection.close();
  }
});
