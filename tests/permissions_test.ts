import { assert, assertEquals } from "@std/assert";
import {
  permissionRows,
  readPermissionRows,
  runWith,
} from "./permissions/_table.ts";

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
    "LocalDockerBackend",
  ]);
});

for (
  const row of rows.filter(({ adapter }) =>
    adapter.endsWith("Backend") === false
  )
) {
  Deno.test(`${row.adapter} works with the README's permissions, and needs each`, async () => {
    const { code, stdout, stderr } = await runWith(row);
    assertEquals([code, stdout], [0, "1\n"], stderr);
    for (const flag of row.flags) {
      const flags = row.flags.filter((other) => other !== flag);
      const without = await runWith({ ...row, flags });
      assert(without.code !== 0, `it does not need ${flag}`);
    }
  });
}
