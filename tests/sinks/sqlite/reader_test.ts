import { assert, assertEquals } from "@std/assert";
import type {
  SqlConnection,
  SqlValue,
} from "../../../sinks/sqlite/connection.ts";
import { loadBuiltinDriver } from "../../../sinks/sqlite/builtin_driver.ts";
import { Reader } from "../../../sinks/sqlite/reader.ts";
import { createTables } from "../../../sinks/sqlite/schema.ts";
import { uuid } from "./_helpers.ts";

const EVERYTHING = { columns: [], ctx: [] };
const MEBIBYTE = 1024 * 1024;

/** A log in memory whose rows have blobs of the given sizes. */
async function logOf(...sizes: number[]): Promise<SqlConnection> {
  const driver = await loadBuiltinDriver();
  const connection = driver.open(":memory:", { readOnly: false });
  createTables(connection, true);
  const insert = connection.prepare(
    "INSERT INTO events(event_id, trace_id, task_id, parent_id, type, source, data) " +
      "VALUES (?, 't', 'k', NULL, 'data.x', 's', ?)",
  );
  sizes.forEach((size, i) => insert.run(uuid(i + 1), new Uint8Array(size)));
  return connection;
}

/** The seqs of each page, and what the pages say of the end. */
function pagesOf(connection: SqlConnection, limit: number): number[][] {
  const reader = new Reader(connection);
  const pages: number[][] = [];
  let afterSeq = 0;
  while (true) {
    const page = reader.page({ plan: EVERYTHING, afterSeq, limit });
    pages.push([...page.rows.seqs]);
    const audited = reader.audit({ afterSeq, limit });
    assertEquals(audited.rows.seqs, page.rows.seqs);
    assertEquals(audited.isLast, page.isLast);
    if (page.isLast) return pages;
    assertEquals(page.readTo, page.rows.seqs.at(-1));
    afterSeq = page.readTo;
  }
}

Deno.test("Reader ends a page at half a mebibyte, but not before its first row", async () => {
  const quarter = MEBIBYTE / 4;
  const connection = await logOf(quarter, quarter, 1, MEBIBYTE, 2, 3);
  assertEquals(pagesOf(connection, 100), [[1, 2], [3], [4], [5, 6]]);
  connection.close();
});

Deno.test("Reader ends a page at its limit, and says when nothing is left", async () => {
  const connection = await logOf(1, 1, 1, 1);
  assertEquals(pagesOf(connection, 3), [[1, 2, 3], [4]]);
  assertEquals(pagesOf(connection, 2), [[1, 2], [3, 4], []]);
  assertEquals(pagesOf(await logOf(), 2), [[]]);
  connection.close();
});

Deno.test("Reader has read to the end of the log where its last page matches nothing", async () => {
  const connection = await logOf(1, 1, 1);
  const plan = {
    columns: [{ field: "source", value: "none" }],
    ctx: [],
  } as const;
  const page = new Reader(connection).page({ plan, afterSeq: 0, limit: 10 });
  assertEquals([page.rows.seqs, page.isLast, page.readTo], [[], true, 3]);
  connection.close();
});

Deno.test("Reader sees the log as it is at one moment, and leaves no transaction open", async () => {
  const connection = await logOf(1, 1);
  const open: boolean[] = [];
  const spy: SqlConnection = {
    ...connection,
    get inTransaction() {
      return connection.inTransaction;
    },
    prepare(sql) {
      const statement = connection.prepare(sql);
      return {
        ...statement,
        rows(...params: SqlValue[]) {
          open.push(connection.inTransaction);
          return statement.rows(...params);
        },
      };
    },
  };
  const reader = new Reader(spy);
  open.length = 0;
  reader.page({ plan: EVERYTHING, afterSeq: 0, limit: 10 });
  reader.audit({ afterSeq: 0, limit: 10 });
  assert(open.length >= 5, `${open.length} statements`);
  assertEquals(open.includes(false), false);
  assertEquals(connection.inTransaction, false);
  connection.close();
});
