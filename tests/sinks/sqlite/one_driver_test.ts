import { assertEquals } from "@std/assert";
import { SqliteSink } from "../../../sinks/mod.ts";
import { claimForDriver } from "../../../sinks/sqlite/one_driver.ts";
import {
  DRIVERS,
  numbers,
  rejectsWith,
  sample,
  withFolder,
} from "./_helpers.ts";

Deno.test("claimForDriver refuses the other driver until the last claim is gone", async () => {
  await withFolder(async (log) => {
    const first = await claimForDriver(log, "builtin");
    const second = await claimForDriver(log, "builtin");
    first[Symbol.dispose]();
    await rejectsWith(
      claimForDriver(log, "ffi"),
      "unsafe_sqlite",
      "same driver",
    );
    second[Symbol.dispose]();
    (await claimForDriver(log, "ffi"))[Symbol.dispose]();
  });
});

Deno.test("claimForDriver knows a file by any name", async () => {
  await withFolder(async (log, folder) => {
    // The file is not there yet, and then it is.
    using _claim = await claimForDriver(`${folder}/./log.db`, "builtin");
    await Deno.writeTextFile(log, "");
    await Deno.symlink(log, `${folder}/link.db`);
    for (
      const path of [
        log,
        `${folder}/link.db`,
        `${folder}/../${folder.split("/").at(-1)}/log.db`,
      ]
    ) {
      await rejectsWith(claimForDriver(path, "ffi"), "unsafe_sqlite", path);
    }
    (await claimForDriver(`${folder}/other.db`, "ffi"))[Symbol.dispose]();
  });
});

for (const driver of DRIVERS) {
  Deno.test(`lesson 1: a log that is open with ${driver} is not read with the other driver in the same process`, async () => {
    await withFolder(async (log) => {
      const other = driver === "ffi" ? "builtin" : "ffi";
      const readOther = () =>
        SqliteSink.open(log, { driver: other, readOnly: true });
      {
        await using sink = await SqliteSink.open(log, { driver });
        await sink.append(sample(1));
        await rejectsWith(readOther(), "unsafe_sqlite", `"${driver}"`);
        await sink.append(sample(2));
      }
      await using reader = await readOther();
      assertEquals(numbers(await reader.query()), [1, 2]);
    });
  });
}
