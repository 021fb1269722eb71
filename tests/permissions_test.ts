import { assert, assertEquals } from "@std/assert";
import {
  type PermissionRow,
  permissionRows,
  readPermissionRows,
  runWith,
} from "./permissions/_table.ts";
import { postgresTest, withDatabase } from "./postgres/_postgres.ts";

const rows = await readPermissionRows();

Deno.test("permissionRows reads flags, and none", () => {
  const table = "## Permissions\n\n| adapter | flags |\n| --- | --- |\n" +
    "| `A` | none |\n| `B`, old | `--allow-read=x` `--allow-env` | \n\n## Next\n";
  assertEquals(permissionRows(table), [
    { adapter: "A", flags: [] },
    { adapter: "B, old", flags: ["--allow-read=x", "--allow-env"] },
  ]);
});

Deno.test("the README says which permissions each adapter needs", () => {
  assertEquals(rows.map(({ adapter }) => adapter), [
    "MemorySink",
    "JsonlSink",
    "SqliteSink, builtin",
    "SqliteSink, ffi",
    "PostgresSink",
    "LocalDockerBackend",
  ]);
});

for (
  const row of rows.filter(({ adapter }) =>
    adapter.endsWith("Backend") === false && adapter !== "PostgresSink"
  )
) {
  Deno.test(`${row.adapter} works with the README's permissions, and needs each`, async () => {
    await needsEach(row);
  });
}

postgresTest(
  "PostgresSink works with the README's permissions, and needs each",
  async () => {
    await withDatabase(async (url) => {
      const row = rows.find(({ adapter }) => adapter === "PostgresSink")!;
      const flags = row.flags.map((flag) =>
        flag.replace("127.0.0.1:5432", new URL(url).host)
      );
      await needsEach({ ...row, flags }, url);
    });
  },
);

async function needsEach(row: PermissionRow, ...args: string[]): Promise<void> {
  const { code, stdout, stderr } = await runWith(row, ...args);
  assertEquals([code, stdout], [0, "1\n"], stderr);
  for (const flag of row.flags) {
    const flags = row.flags.filter((other) => other !== flag);
    const without = await runWith({ ...row, flags }, ...args);
    assert(without.code !== 0, `it does not need ${flag}`);
  }
}
