import { assert, assertEquals } from "@std/assert";
import { readPermissionRows, runWith } from "../permissions/_table.ts";
import { dockerTest } from "./_engine.ts";
import { IMAGES } from "./_images.ts";

dockerTest(
  "LocalDockerBackend works with the README's permissions, and says which it misses",
  async () => {
    const rows = await readPermissionRows();
    const row = rows.find(({ adapter }) => adapter === "LocalDockerBackend");
    assert(row !== undefined);
    const { code, stdout, stderr } = await runWith(row, IMAGES.busybox);
    assertEquals([code, stdout], [0, "1\n"], stderr);
    for (const flag of row.flags) {
      const flags = row.flags.filter((other) => other !== flag);
      const without = await runWith({ ...row, flags }, IMAGES.busybox);
      assert(without.code !== 0, `it does not need ${flag}`);
      assert(
        /engine_unavailable|--allow-/.test(without.stderr),
        without.stderr,
      );
    }
  },
);
