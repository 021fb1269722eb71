import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { BackendError } from "../../../backends/backend_error.ts";
import { extractTar } from "../../../backends/files/tar_extract.ts";
import {
  archive,
  concat,
  END,
  entry,
  file,
  folder,
  gnuLong,
  hardLink,
  header,
  pax,
  stream,
  symlink,
} from "./_archives.ts";
import { snapshot } from "./_snapshot.ts";

const BOUNDS = { maxBytes: 100_000, maxEntries: 200 };

/** How many archives of each kind are tried. */
const NUM_RUNS = 100;

/**
 * Extracts an archive, and asserts what has to hold for any: nothing beside the
 * target changes, links in it lead to what is in it, and if it fails, it does so
 * with a BackendError and leaves nothing.
 */
async function extractSafely(
  source: ReadableStream<Uint8Array>,
): Promise<"extracted" | "refused"> {
  const root = await Deno.realPath(await Deno.makeTempDir());
  const target = `${root}/target`;
  try {
    await Deno.mkdir(`${root}/secret`);
    await Deno.writeTextFile(`${root}/secret/file`, "secret");
    await Deno.mkdir(target);
    await Deno.writeTextFile(`${target}/mine`, "mine");
    await Deno.symlink("../secret", `${target}/way out`);
    const before = await snapshot(root);
    try {
      await extractTar(source, target, BOUNDS);
    } catch (error) {
      assert(error instanceof BackendError, `${error}`);
      assertEquals(await snapshot(root), before);
      return "refused";
    }
    const after = await snapshot(root);
    for (const [path, text] of Object.entries(after)) {
      if (path in before) continue;
      assert(path.startsWith("target/"), path);
      if (!text.startsWith("-> ")) continue;
      const end = await Deno.realPath(`${root}/${path}`);
      assert(end === target || end.startsWith(`${target}/`), `${path}: ${end}`);
    }
    for (const path of Object.keys(before)) {
      assertEquals(after[path], before[path], path);
    }
    return "extracted";
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** Tries many archives, and tells how many came to what. */
async function tryAll<T>(
  values: fc.Arbitrary<T>,
  make: (value: T) => ReadableStream<Uint8Array>,
): Promise<{ extracted: number; refused: number }> {
  const came = { extracted: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(values, async (value) => {
      came[await extractSafely(make(value))]++;
    }),
    { numRuns: NUM_RUNS },
  );
  return came;
}

/** An archive with something of everything. */
const WHOLE = concat(
  pax({ comment: "x" }, "g"),
  folder("./"),
  folder("./a/"),
  file("./a/file", "x".repeat(700)),
  symlink("./link", "a/file"),
  symlink("./a/up", ".."),
  hardLink("./second", "./a/file"),
  pax({ path: "./pax name", size: "3", mtime: "1.5" }),
  entry({ name: "./x", size: "3" }, "abc"),
  gnuLong("L", `./${"long/".repeat(30)}name`),
  file("./y"),
  gnuLong("K", "a/".repeat(60)),
  symlink("./long link", "x"),
  entry({ name: "./pipe", type: "6" }),
  END,
);

/** Where the headers of an archive are, as far as it is whole. */
function* headersOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at + 512 <= bytes.length;) {
    const block = bytes.subarray(at, at + 512);
    if (block.every((byte) => byte === 0)) return;
    yield block;
    const digits = new TextDecoder().decode(block.subarray(124, 136));
    const size = Number.parseInt(digits.replaceAll("\0", " "), 8) || 0;
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

/** Puts the right checksum into a header. */
function seal(block: Uint8Array): void {
  block.fill(32, 148, 156);
  const sum = block.reduce((sum, byte) => sum + byte, 0);
  block.set(new TextEncoder().encode(sum.toString(8).padStart(6, "0")), 148);
  block[154] = 0;
}

const byte = fc.nat({ max: 255 });

Deno.test("extractTar holds against bytes that are changed at random", async () => {
  const change = fc.record({ at: fc.nat({ max: WHOLE.length - 1 }), byte });
  await tryAll(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
    const bytes = WHOLE.slice();
    for (const { at, byte } of changes) bytes[at] = byte;
    return stream(bytes);
  });
});

Deno.test("extractTar holds against headers that are changed at random, with the right checksum", async () => {
  const count = [...headersOf(WHOLE)].length;
  assertEquals(count, 14);
  // Mostly where something stands, and with what may mean something there.
  const change = fc.record({
    of: fc.nat({ max: count - 1 }),
    at: fc.oneof(
      fc.nat({ max: 20 }),
      fc.integer({ min: 124, max: 135 }),
      fc.integer({ min: 156, max: 180 }),
      fc.nat({ max: 511 }),
    ),
    byte: fc.oneof(
      byte,
      fc.constantFrom(...new TextEncoder().encode("./012567xgLKS\0")),
    ),
  });
  const came = await tryAll(
    fc.array(change, { minLength: 1, maxLength: 6 }),
    (changes) => {
      const bytes = WHOLE.slice();
      const headers = [...headersOf(bytes)];
      for (const { of, at, byte } of changes) headers[of]![at] = byte;
      headers.forEach(seal);
      return stream(bytes);
    },
  );
  assert(came.extracted > 0 && came.refused > 0, JSON.stringify(came));
});

Deno.test("extractTar holds against pieces that are left out, doubled or cut", async () => {
  const cut = fc.record({
    from: fc.nat({ max: WHOLE.length / 512 }),
    to: fc.nat({ max: WHOLE.length / 512 }),
    end: fc.option(fc.nat({ max: WHOLE.length }), { nil: WHOLE.length }),
    size: fc.integer({ min: 1, max: 2000 }),
  });
  await tryAll(cut, ({ from, to, end, size }) => {
    const bytes = concat(WHOLE.slice(0, from * 512), WHOLE.slice(to * 512));
    return stream(bytes.slice(0, end), size);
  });
});

Deno.test("extractTar holds against entries of hostile names in any order", async () => {
  // Few names, so that they meet; and each kind of way out.
  const part = fc.constantFrom("a", "b", "A", "..", ".", "", "mine", "secret");
  const path = fc.array(part, { maxLength: 4 }).map((parts) => parts.join("/"));
  const one = fc.tuple(
    fc.constantFrom("file", "folder", "symlink", "link", "pax", "gnu", "pipe"),
    path,
    path,
  );
  const came = await tryAll(
    fc.array(one, { maxLength: 12 }),
    (entries) =>
      archive(...entries.map(([kind, name, link]) => {
        switch (kind) {
          case "file":
            return file(name, "x");
          case "folder":
            return folder(name);
          case "symlink":
            return symlink(name, link);
          case "link":
            return hardLink(name, link);
          case "pax":
            return concat(
              pax({ path: name, linkpath: link }),
              symlink("x", "y"),
            );
          case "gnu":
            return concat(gnuLong("L", name), gnuLong("K", link), file("x"));
          default:
            return header({ name, type: "6" });
        }
      })),
  );
  assert(came.extracted > 0 && came.refused > 0, JSON.stringify(came));
});

Deno.test("extractTar holds against links among harmless entries", async () => {
  const part = fc.constantFrom("a", "b", "c", "..", ".");
  const target = fc.array(part, { minLength: 1, maxLength: 5 })
    .map((parts) => parts.join("/"));
  const names = ["a/a", "a/b", "a/c", "b/a", "b/b", "b/c", "c"];
  await tryAll(
    fc.uniqueArray(fc.tuple(fc.constantFrom(...names), fc.option(target)), {
      selector: ([name]) => name,
    }),
    (entries) =>
      archive(
        ...entries.map(([name, to]) =>
          to === null ? file(name, "x") : symlink(name, to)
        ),
      ),
  );
});
