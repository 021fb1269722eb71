import { assertEquals } from "@std/assert";
import { BackendError } from "../../../backends/backend_error.ts";
import {
  type TarEntry,
  TarReader,
} from "../../../backends/files/tar_reader.ts";
import {
  archive,
  bytesOf,
  concat,
  END,
  entry,
  file,
  folder,
  gnuLong,
  header,
  pax,
  record,
  stream,
  symlink,
} from "./_archives.ts";
import { rejectsWith } from "../_rejects_with.ts";

type Read =
  & Pick<TarEntry, "path" | "type">
  & { text: string }
  & Partial<TarEntry>;

/** All entries, with their bodies as text. */
async function readAll(source: ReadableStream<Uint8Array>): Promise<Read[]> {
  using reader = new TarReader(source);
  const found: Read[] = [];
  for (;;) {
    const entry = await reader.next();
    if (entry === undefined) return found;
    const body = await Array.fromAsync(reader.body(), (bytes) => bytes.slice());
    found.push({ ...entry, text: new TextDecoder().decode(concat(...body)) });
  }
}

async function paths(...entries: Uint8Array[]): Promise<string[]> {
  return (await readAll(archive(...entries))).map(({ path }) => path);
}

async function refuses(
  bytes: Uint8Array,
  why: string,
): Promise<void> {
  await rejectsWith(readAll(stream(bytes)), "file_refused", why);
}

const LONG = `${"long/".repeat(40)}name`;

Deno.test("TarReader reads files, folders, links and devices, in pieces of any size", async () => {
  const bytes = concat(
    folder("folder/"),
    file("folder/file", "x".repeat(1000)),
    file("empty"),
    entry({ name: "old", type: "\0", mtime: "12345670123" }, "as of old"),
    entry({ name: "contiguous", type: "7" }, "y"),
    entry({ name: "old folder/", type: "\0" }),
    symlink("link", "folder/file"),
    entry({ name: "second", link: "folder/file", type: "1" }),
    entry({ name: "char", type: "3" }),
    entry({ name: "block", type: "4" }),
    entry({ name: "pipe", type: "6" }),
    END,
    new Uint8Array(10_000),
  );
  for (const size of [1, 7, 511, 512, 513, 100_000]) {
    const found = await readAll(stream(bytes, size));
    assertEquals(found.map(({ path, type, text }) => [path, type, text]), [
      ["folder/", "directory", ""],
      ["folder/file", "file", "x".repeat(1000)],
      ["empty", "file", ""],
      ["old", "file", "as of old"],
      ["contiguous", "file", "y"],
      ["old folder/", "directory", ""],
      ["link", "symlink", ""],
      ["second", "link", ""],
      ["char", "device", ""],
      ["block", "device", ""],
      ["pipe", "device", ""],
    ]);
    assertEquals(found[3]!.mtime, 0o12345670123);
    assertEquals(found[6]!.link, "folder/file");
  }
});

Deno.test("TarReader passes over what is not read of a body", async () => {
  const bytes = concat(file("a", "x".repeat(5000)), file("b", "y"), END);
  using reader = new TarReader(stream(bytes, 100));
  await reader.next();
  for await (const _ of reader.body()) break;
  assertEquals((await reader.next())?.path, "b");
  assertEquals(await reader.next(), undefined);
});

Deno.test("TarReader takes names from the prefix, from GNU and from POSIX", async () => {
  assertEquals(await paths(entry({ prefix: "a/b", name: "c" })), ["a/b/c"]);
  // GNU's own magic has no prefix there.
  const gnu = entry({ prefix: "12345", name: "c", magic: "ustar  \0" });
  assertEquals(await paths(gnu), ["c"]);
  assertEquals(await paths(gnuLong("L", LONG), file("short")), [LONG]);
  assertEquals(await paths(pax({ path: LONG }), file("short")), [LONG]);
  assertEquals(
    await paths(gnuLong("L", "gnu"), pax({ path: LONG }), file("short")),
    [LONG],
  );
  // It holds for one entry, and an empty value says nothing.
  assertEquals(
    await paths(
      pax({ path: "a" }),
      file("x"),
      file("y"),
      pax({ path: "" }),
      file("z"),
    ),
    ["a", "y", "z"],
  );
  const [link] = await readAll(archive(gnuLong("K", LONG), symlink("a", "b")));
  assertEquals(link!.link, LONG);
  const [other] = await readAll(
    archive(pax({ linkpath: LONG }), symlink("a", "b")),
  );
  assertEquals(other!.link, LONG);
  const full = "n".repeat(100);
  assertEquals(await paths(file(full)), [full]);
});

Deno.test("TarReader keeps names that are not UTF-8, and marks at their beginning", async () => {
  const latin = new Uint8Array([99, 0xe9, 46, 46]);
  assertEquals(await paths(file(latin)), ["c\udce9.."]);
  assertEquals(await paths(pax({ path: latin }), file("x")), ["c\udce9.."]);
  assertEquals(await paths(file("\ufeff..")), ["\ufeff.."]);
});

Deno.test("TarReader takes sizes in octal, in base 256 and from POSIX", async () => {
  const size256 = new Uint8Array(12);
  size256[0] = 0x80;
  size256[11] = 3;
  for (
    const bytes of [
      entry({ name: "a", size: "    3 " }, "abc"),
      entry({ name: "a", size: "00000000003\0" }, "abc"),
      entry({ name: "a", size: "000000000003" }, "abc"),
      entry({ name: "a", size: size256 }, "abc"),
      concat(pax({ size: "3" }), entry({ name: "a", size: "0" }, "abc")),
    ]
  ) assertEquals((await readAll(archive(bytes)))[0]?.text, "abc");
});

Deno.test("TarReader refuses sizes that are negative, too large or none", async () => {
  const negative = new Uint8Array(12).fill(0xff);
  const tooLarge = new Uint8Array(12).fill(0xff);
  tooLarge[0] = 0xbf;
  for (const size of ["-1", "8", "1 1", "0x1", "1e3", negative, tooLarge]) {
    await refuses(concat(header({ size }), END), "size is no size");
  }
  for (const size of ["-1", "1.5", "1e3", "9007199254740993", "NaN", " 1"]) {
    await refuses(concat(pax({ size }), file("a"), END), "size is no size");
  }
  await refuses(concat(header({ mode: "rw-r--r" }), END), "mode");
});

Deno.test("TarReader drops setuid, and dates that make no sense", async () => {
  const [odd] = await readAll(archive(entry({
    mode: "0107777",
    mtime: new Uint8Array(12).fill(0xff),
  })));
  assertEquals([odd!.mode, odd!.mtime], [0o777, undefined]);
  const [even] = await readAll(archive(
    concat(pax({ mtime: "1.5" }), file("a")),
  ));
  assertEquals(even!.mtime, 1.5);
});

Deno.test("TarReader refuses a header whose checksum is wrong", async () => {
  await refuses(concat(header({ checksum: "0000000\0" }), END), "checksum");
  await refuses(concat(header({ checksum: "garbage!" }), END), "checksum");
  const bytes = concat(file("a"), END);
  bytes[0]! ^= 1;
  await refuses(bytes, "checksum");
});

Deno.test("TarReader refuses an archive that is cut off, wherever", async () => {
  const whole = concat(
    pax({ path: "long" }),
    file("a", "x".repeat(600)),
    file("b"),
  );
  for (let length = 0; length <= whole.length; length += 64) {
    await refuses(whole.subarray(0, length), "it is cut off");
  }
  await refuses(concat(whole, new Uint8Array(511)), "it is cut off");
  // One block of zeros ends it as well.
  const found = await readAll(stream(concat(whole, new Uint8Array(512))));
  assertEquals(found.length, 2);
});

Deno.test("TarReader refuses what comes behind an archive's end", async () => {
  await refuses(concat(file("a"), END, file("b"), END), "behind its end");
  await refuses(concat(new Uint8Array(512), file("b"), END), "behind its end");
  const much = new Uint8Array(1024 * 1024 + 1024);
  await refuses(concat(END, much), "behind its end");
});

Deno.test("TarReader refuses what has holes, and types that it does not know", async () => {
  await refuses(concat(entry({ type: "S" }), END), "holes");
  const sparse = pax({ "GNU.sparse.major": "1", "GNU.sparse.name": "x" });
  await refuses(concat(sparse, file("a"), END), "holes");
  for (const type of ["8", "A", "D", "M", "N", "V", "X", "\xff", "é"]) {
    await refuses(concat(entry({ type }), END), "no known type");
  }
});

Deno.test("TarReader refuses a body where there is none", async () => {
  for (const type of ["1", "2", "3", "4", "5", "6"]) {
    await refuses(concat(entry({ type }, "x"), END), "has a body");
  }
  await refuses(concat(entry({ name: "a/" }, "x"), END), "has a body");
});

Deno.test("TarReader refuses extended headers that are garbled", async () => {
  for (
    const body of [
      "x",
      "5 a=",
      "0 a=b\n",
      "-6 a=b\n",
      "7 a=b\n",
      "99999999999 a=b\n",
      "6 a=b\nx",
      "5 ab\n",
      "5 =b\n",
      " a=b\n",
      "06 a=b\n",
      concat(record("path", "a"), "\n"),
    ]
  ) {
    const bytes = concat(entry({ type: "x" }, body), file("a"), END);
    await refuses(bytes, "garbled");
  }
  await refuses(concat(pax({ path: "a\0b" }), file("a"), END), "NUL");
  await refuses(concat(pax({ path: "a" }), END), "before an entry's header");
});

Deno.test("TarReader refuses an extension that goes on behind its end", async () => {
  // A reader that takes whole blocks would find the longer name.
  for (const type of ["L", "K", "x"]) {
    const body = type === "x" ? "10 path=a\n10 path=b\n" : "name and more";
    const size = type === "x" ? "12" : "4"; // octal
    const extension = entry({ type, size }, body);
    await refuses(concat(extension, symlink("x", "y"), END), "behind its end");
  }
});

Deno.test("TarReader refuses a global header that speaks of paths or sizes", async () => {
  const harmless = pax({ comment: "0123abcd", mtime: "1" }, "g");
  assertEquals(await paths(harmless, file("a")), ["a"]);
  for (const key of ["path", "linkpath", "size", "GNU.sparse.major"]) {
    await refuses(concat(pax({ [key]: "1" }, "g"), file("a"), END), "global");
  }
});

Deno.test("TarReader bounds extensions, by number and by size", async () => {
  const many = Array.from({ length: 9 }, () => pax({ path: "a" }));
  await refuses(concat(...many, file("a"), END), "more than 8 extensions");
  assertEquals(await paths(...many.slice(1), file("b")), ["a"]);
  for (const type of ["x", "g", "L", "K"]) {
    const huge = header({ type, size: (1024 * 1024 + 1).toString(8) });
    await refuses(concat(huge, END), "an extension has 1048577 bytes");
  }
  const told: number[] = [];
  const source = archive(gnuLong("L", "name"), pax({ a: "b" }), file("a"));
  using reader = new TarReader(source, (bytes) => told.push(bytes));
  await reader.next();
  assertEquals(told, [5, 6]);
});

Deno.test("TarReader passes on what its source fails with", async () => {
  const failure = new Error("source");
  const source = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(failure),
  });
  const error = await readAll(source).catch((error) => error);
  assertEquals(error, failure);
  assertEquals(error instanceof BackendError, false);
});

Deno.test("TarReader holds no more than the pieces that it is given", async () => {
  const size = 1024 * 1024 * 1024;
  const piece = new Uint8Array(64 * 1024);
  let sent = 0;
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (sent === 0) controller.enqueue(header({ size: size.toString(8) }));
      else if (sent <= size / piece.length) controller.enqueue(piece);
      else {
        controller.enqueue(bytesOf(END));
        controller.close();
      }
      sent++;
    },
  }, { highWaterMark: 0 });
  using reader = new TarReader(source);
  await reader.next();
  let read = 0;
  for await (const bytes of reader.body()) {
    read += bytes.length;
    // It asks for the next piece when it is asked for it, and not before.
    assertEquals(sent - 1, read / piece.length);
  }
  assertEquals(read, size);
  assertEquals(await reader.next(), undefined);
});
