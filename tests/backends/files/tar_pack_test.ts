import { assertEquals } from "@std/assert";
import { FolderArchive } from "../../../backends/files/tar_pack.ts";
import { TarReader } from "../../../backends/files/tar_reader.ts";
import { archiveEnd, entryHead } from "../../../backends/files/tar_write.ts";
import { concat, stream } from "./_archives.ts";
import { rejectsWith } from "../_rejects_with.ts";

const BOUNDS = { maxBytes: 10_000_000, maxEntries: 100 };

async function withFolder(
  test: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("entryHead writes what TarReader reads, however long or large", async () => {
  for (const length of [1, 99, 100, 101, 155, 256, 1000, 4000]) {
    for (const size of [0, 1, 8 ** 11 - 1, 8 ** 11, Number.MAX_SAFE_INTEGER]) {
      const path = "é".repeat(length);
      const link = "l".repeat(length);
      const about = { path, size, mode: 0o751, mtime: 1.7e9 + 0.25 };
      const head = entryHead({ ...about, type: "file", link: "" });
      const body = concat(
        ...entryHead({ ...about, type: "symlink", size: 0, link }),
        ...entryHead({ ...about, type: "directory", size: 0, link: "" }),
        ...head,
      );
      using reader = new TarReader(stream(body));
      const expected = { path, mode: 0o751, mtime: 1.7e9 };
      assertEquals(await reader.next(), {
        ...expected,
        type: "symlink",
        size: 0,
        link,
      });
      assertEquals(await reader.next(), {
        ...expected,
        path: `${path}/`,
        type: "directory",
        size: 0,
        link: "",
      });
      assertEquals(await reader.next(), {
        ...expected,
        type: "file",
        size,
        link: "",
      });
    }
  }
});

Deno.test("entryHead writes dates before 1970 as 1970", async () => {
  const about = { path: "a", size: 0, mode: 0o644, link: "" };
  const bytes = concat(
    ...entryHead({ ...about, type: "file", mtime: -5 }),
    archiveEnd(),
  );
  using reader = new TarReader(stream(bytes));
  assertEquals((await reader.next())?.mtime, 0);
});

Deno.test("FolderArchive is the same each time, in pieces of one size", async () => {
  await withFolder(async (folder) => {
    for (const name of ["b", "a", "c"]) {
      await Deno.writeFile(`${folder}/${name}`, new Uint8Array(100_000));
      await Deno.utime(`${folder}/${name}`, 1, 1);
    }
    const make = () =>
      Array.fromAsync(new FolderArchive(folder, BOUNDS).bytes());
    const pieces = await make();
    assertEquals(pieces, await make());
    const lengths = pieces.map(({ length }) => length);
    assertEquals(lengths.slice(0, -1), lengths.slice(0, -1).fill(65_536));
    using reader = new TarReader(stream(concat(...pieces)));
    assertEquals((await reader.next())?.path, "a");
  });
});

Deno.test("FolderArchive fails if a file becomes shorter, and closes it", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/file`;
    await Deno.writeFile(path, new Uint8Array(1_000_000));
    const bytes = new FolderArchive(folder, BOUNDS).bytes();
    await bytes.next();
    await Deno.truncate(path, 200_000);
    await rejectsWith(Array.fromAsync(bytes), "file_failed", "shorter");
  });
});

Deno.test("FolderArchive takes of a file that grows what it was", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/file`;
    await Deno.writeFile(path, new Uint8Array(300_000));
    const archive = new FolderArchive(folder, BOUNDS);
    const bytes = archive.bytes();
    const first = await bytes.next();
    await Deno.writeFile(path, new Uint8Array(300_000).fill(1), {
      append: true,
    });
    const rest = await Array.fromAsync(bytes);
    using reader = new TarReader(stream(concat(first.value!, ...rest)));
    assertEquals((await reader.next())?.size, 300_000);
    assertEquals(await reader.next(), undefined);
    assertEquals(archive.report.bytes, 300_000);
  });
});
