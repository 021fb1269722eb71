import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  type Anchor,
  chainHead,
  JsonlAnchor,
  MemorySink,
  SinkError,
  type SinkErrorCode,
  verifyLog,
} from "../../sinks/mod.ts";
import { AnchorFile } from "../../sinks/jsonl/anchor_file.ts";
import { DENO_FILE_OPS, type FileOps } from "../../sinks/jsonl/_file_ops.ts";
import { event, id } from "./_chains.ts";

function anchor(seq: number): Anchor {
  return { trace_id: id(1), seq, head: seq.toString(16).padStart(64, "0") };
}

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

async function read(path: string): Promise<Anchor[]> {
  await using anchors = new JsonlAnchor(path);
  return await Array.fromAsync(anchors);
}

async function fails(
  code: SinkErrorCode,
  fn: () => Promise<unknown>,
): Promise<SinkError> {
  const error = await assertRejects(fn, SinkError);
  assertEquals(error.code, code, error.message);
  return error;
}

Deno.test("JsonlAnchor writes the lines of the format, and reads them back", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/anchors.jsonl`;
    {
      await using anchors = new JsonlAnchor(path);
      await anchors.append(anchor(1), anchor(2));
      await Promise.all([anchors.append(anchor(3)), anchors.append(anchor(4))]);
      await anchors.append();
      assertEquals((await Array.fromAsync(anchors)).length, 4);
    }
    const [first] = (await Deno.readTextFile(path)).split("\n");
    const { trace_id, head } = anchor(1);
    const expected = `{"trace_id":"${trace_id}","seq":1,"head":"${head}"}`;
    assertEquals(first, expected);
    assertEquals(await read(path), [1, 2, 3, 4].map(anchor));
  });
});

Deno.test("JsonlAnchor touches nothing until it is used", async () => {
  await withFolder(async (folder) => {
    await using _ = new JsonlAnchor(`${folder}/anchors.jsonl`);
    assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
  });
});

Deno.test("JsonlAnchor passes over a torn last line, and the next writer puts it aside", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/anchors.jsonl`;
    const line = `${JSON.stringify(anchor(1))}\n`;
    const torn = '{"trace_id":"0190163d-8694';
    await Deno.writeTextFile(path, line + torn);
    assertEquals(await read(path), [anchor(1)]);
    {
      await using anchors = new JsonlAnchor(path);
      await anchors.append(anchor(2));
    }
    assertEquals(await read(path), [anchor(1), anchor(2)]);
    assertEquals(await Deno.readTextFile(`${path}.torn`), `${torn}\n`);
  });
});

Deno.test("JsonlAnchor keeps a whole last line that lacks only its newline", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/anchors.jsonl`;
    await Deno.writeTextFile(path, JSON.stringify(anchor(1)));
    assertEquals(await read(path), [anchor(1)]);
    {
      await using anchors = new JsonlAnchor(path);
      await anchors.append(anchor(2));
    }
    assertEquals(await read(path), [anchor(1), anchor(2)]);
    await assertRejects(() => Deno.stat(`${path}.torn`), Deno.errors.NotFound);
  });
});

Deno.test("JsonlAnchor names a whole line that is no anchor", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/anchors.jsonl`;
    const good = JSON.stringify(anchor(1));
    for (const bad of ["{}", "", "x".repeat(5_000), '{"trace_id":1}']) {
      await Deno.writeTextFile(path, `${good}\n${bad}\n${good}\n`);
      const error = await fails("corrupt_line", () => read(path));
      assertEquals(error.seq, 2);
      assertStringIncludes(error.message, "line 2");
    }
  });
});

Deno.test("JsonlAnchor says so where there is no file to read", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/missing.jsonl`;
    const error = await fails("io", () => read(path));
    assertStringIncludes(error.message, "missing.jsonl");
    await using sink = new MemorySink();
    const anchors = new JsonlAnchor(path);
    await fails("io", () => verifyLog(sink, { anchors }));
  });
});

Deno.test("JsonlAnchor lets one writer in", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/anchors.jsonl`;
    await using first = new JsonlAnchor(path);
    await first.append(anchor(1));
    await using second = new JsonlAnchor(path);
    await fails("locked", () => second.append(anchor(2)));
    assertEquals(await Array.fromAsync(second), [anchor(1)], "reading is free");
    await first.close();
    await second.append(anchor(2));
    assertEquals(await read(path), [anchor(1), anchor(2)]);
  });
});

Deno.test("JsonlAnchor refuses what is no anchor, and everything once it is closed", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/anchors.jsonl`;
    const anchors = new JsonlAnchor(path);
    for (
      const bad of [
        { ...anchor(1), seq: 0 },
        { ...anchor(1), head: "short" },
        { ...anchor(1), trace_id: "none" },
      ]
    ) {
      await assertRejects(() => anchors.append(anchor(2), bad), TypeError);
    }
    await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
    await anchors.append(anchor(1));
    await Promise.all([anchors.close(), anchors.close()]);
    await fails("closed", () => anchors.append(anchor(2)));
    await fails("closed", () => Array.fromAsync(anchors));
    assertThrows(() => new JsonlAnchor(""), TypeError);
  });
});

Deno.test("JsonlAnchor says so when its file was moved, and writes to no other", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/anchors.jsonl`;
    await using anchors = new JsonlAnchor(path);
    await anchors.append(anchor(1));
    await Deno.rename(path, `${path}.1`);
    const error = await fails("io", () => anchors.append(anchor(2)));
    assertStringIncludes(error.message, "moved");
    assertEquals(await read(`${path}.1`), [anchor(1)]);
  });
});

Deno.test("AnchorFile leaves no part of an append that failed", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/anchors.jsonl`;
    let left = Infinity;
    const full = new Error("no space left on device");
    const ops: FileOps = {
      ...DENO_FILE_OPS,
      async open(path, mode) {
        const file = await DENO_FILE_OPS.open(path, mode);
        const write = file.write.bind(file);
        file.write = async (bytes) => {
          if (left === 0) throw full;
          const part = bytes.subarray(0, left);
          left -= part.length;
          return await write(part);
        };
        return file;
      },
    };
    const file = await AnchorFile.open(ops, path);
    try {
      await file.append([anchor(1)]);
      left = 40;
      const error = await fails("io", () => file.append([anchor(2)]));
      assertEquals(error.cause, full);
      assertEquals(await read(path), [anchor(1)]);
      left = Infinity;
      await file.append([anchor(3)]);
    } finally {
      file.close();
    }
    assertEquals(await read(path), [anchor(1), anchor(3)]);
  });
});

Deno.test("lesson 11: anchors in a file show verifyLog a cut tail and a dropped trace", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/anchors.jsonl`;
    await using sink = new MemorySink();
    for (let i = 0; i < 6; i++) await sink.append(event(i % 2));
    {
      await using anchors = new JsonlAnchor(path);
      for (const trace_id of [id(0), id(1)]) {
        await anchors.append(chainHead(await sink.query({ trace_id }))!);
      }
      assertEquals((await verifyLog(sink, { anchors })).violations, []);
    }
    await using cut = new MemorySink();
    const rest = await sink.query({ trace_id: id(0) }, { limit: 2 });
    await cut.appendAll(rest.map(({ event }) => event));
    await using anchors = new JsonlAnchor(path);
    assertEquals((await verifyLog(cut)).violations, []);
    const { violations } = await verifyLog(cut, { anchors, tracesMax: 1 });
    assertEquals(
      violations.map(({ code, trace_id }) => `${code} ${trace_id}`),
      [`cut_tail ${id(0)}`, `missing_trace ${id(1)}`],
    );
    assert(violations.every(({ seq }) => seq === undefined));
  });
});
