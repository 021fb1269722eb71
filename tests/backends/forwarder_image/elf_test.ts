import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import {
  ElfError,
  type ElfFile,
  readElf,
} from "../../../backends/forwarder_image/elf.ts";
import { AT, elfFile } from "./_elf_file.ts";

/** Reads from bytes, and checks what is asked for. */
function reader(bytes: Uint8Array, max = 1024 * 1024) {
  let asked = 0;
  return (offset: number, length: number): Promise<Uint8Array> => {
    asked++;
    assert(Number.isSafeInteger(offset) && offset >= 0, `${offset}`);
    assert(Number.isSafeInteger(length) && length >= 0, `${length}`);
    assert(length <= max, `it wants ${length} bytes at once`);
    assert(asked < 1000, "it has no end");
    return Promise.resolve(bytes.subarray(offset, offset + length));
  };
}

async function refused(bytes: Uint8Array, includes: string): Promise<void> {
  await assertRejects(() => readElf(reader(bytes)), ElfError, includes);
}

const PARTS = {
  machine: 183,
  interpreter: "/lib/ld-linux-aarch64.so.1",
  needed: ["libc.so.6", "libm.so.6"],
  runPath: "/opt/a:$ORIGIN/../lib",
};

Deno.test("readElf reads processors, loader, libraries and folders", async () => {
  assertEquals(await readElf(reader(elfFile(PARTS))), {
    machine: 183,
    interpreter: "/lib/ld-linux-aarch64.so.1",
    needed: ["libc.so.6", "libm.so.6"],
    runPath: ["/opt/a", "$ORIGIN/../lib"],
  });
});

Deno.test("readElf reads a file that asks for nothing", async () => {
  const nothing: ElfFile = {
    machine: 62,
    interpreter: undefined,
    needed: [],
    runPath: [],
  };
  assertEquals(await readElf(reader(elfFile())), nothing);
  const bare = elfFile();
  new DataView(bare.buffer).setUint16(AT.entryCount, 0, true);
  assertEquals(await readElf(reader(bare)), nothing);
});

Deno.test({
  name: "readElf reads the Deno that runs this",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    using file = await Deno.open(Deno.execPath());
    const found = await readElf(async (offset, length) => {
      await file.seek(offset, Deno.SeekMode.Start);
      const bytes = new Uint8Array(length);
      return bytes.subarray(0, await file.read(bytes) ?? 0);
    });
    assertEquals(found.machine, Deno.build.arch === "x86_64" ? 62 : 183);
    assert(found.interpreter?.includes("/ld-linux"), found.interpreter);
    assert(found.needed.includes("libc.so.6"), found.needed.join());
  },
});

Deno.test("readElf refuses what is no ELF file, or one of another kind", async () => {
  await refused(new Uint8Array(), "no ELF file");
  await refused(
    new TextEncoder().encode("#!/bin/sh\nexec deno\n"),
    "no ELF file",
  );
  await refused(elfFile().subarray(0, 40), "ends too early");
  const narrow = elfFile();
  narrow[AT.class] = 1;
  await refused(narrow, "64 bits");
  const bigEndian = elfFile();
  bigEndian[AT.order] = 2;
  await refused(bigEndian, "little-endian");
});

Deno.test("readElf refuses files that lead it astray", async () => {
  const change = (set: (view: DataView) => void) => {
    const bytes = elfFile(PARTS);
    set(new DataView(bytes.buffer));
    return bytes;
  };
  const far = 2n ** 63n;
  const dynamic = AT.segments + 56;
  await refused(
    change((v) => v.setUint16(AT.entryCount, 65_535, true)),
    "segments",
  );
  await refused(change((v) => v.setUint16(AT.entrySize, 8, true)), "segments");
  await refused(
    change((v) => v.setBigUint64(AT.tableOffset, far, true)),
    "broken",
  );
  await refused(
    change((v) => v.setBigUint64(AT.tableOffset, 9999n, true)),
    "early",
  );
  await refused(
    change((v) => v.setBigUint64(dynamic + 32, far, true)),
    "dynamic",
  );
  await refused(
    change((v) => v.setBigUint64(dynamic + 8, far, true)),
    "broken",
  );
  // The loader's name: without an end, and empty.
  await refused(
    change((v) => v.setBigUint64(AT.segments + 32, 3n, true)),
    "a name",
  );
  await refused(change((v) => v.setUint8(AT.segments + 3 * 56, 0)), "a name");
  // Nothing is loaded where the table of names is said to be.
  await refused(
    change((v) => v.setUint32(AT.segments + 2 * 56, 0, true)),
    "names",
  );
  const many = Array.from({ length: 300 }, (_, n) => `lib${n}.so`);
  await refused(elfFile({ needed: many }), "list of libraries");
});

Deno.test("readElf refuses a file that was cut off anywhere, or reads it as it was", async () => {
  const whole = elfFile(PARTS);
  const expected = await readElf(reader(whole));
  for (let length = 0; length < whole.length; length++) {
    try {
      assertEquals(await readElf(reader(whole.subarray(0, length))), expected);
    } catch (error) {
      if (!(error instanceof ElfError)) throw error;
    }
  }
});

Deno.test("readElf of whatever bytes ends, within them, with a file or an ElfError", async () => {
  const tried = async (bytes: Uint8Array) => {
    try {
      const { needed } = await readElf(reader(bytes));
      assert(needed.length <= 256);
    } catch (error) {
      if (!(error instanceof ElfError)) throw error;
    }
  };
  const base = elfFile(PARTS);
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), tried));
  const edit = fc.tuple(
    fc.nat(base.length - 1),
    fc.integer({ min: 0, max: 255 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { maxLength: 12 }), async (edits) => {
      const bytes = base.slice();
      for (const [at, value] of edits) bytes[at] = value;
      bytes.set(base.subarray(0, 6));
      await tried(bytes);
    }),
    { numRuns: 500 },
  );
});
