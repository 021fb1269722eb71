import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import { createEvent, linkEvent, serializeEvent } from "@zu/backends/sinks";
import {
  readRunLog,
  replayed,
  RunLogError,
} from "../../../examples/demo/run_log.ts";

const of = {
  trace_id: "00000000-0000-4000-8000-0000000000aa",
  task_id: "00000000-0000-4000-8000-0000000000bb",
  source: "loop",
};
const FIRST = createEvent({ ...of, type: "harness.a", payload: { n: 1.5 } });
const SECOND = createEvent({
  ...of,
  type: "harness.b",
  parent_id: FIRST.event_id,
});

async function withFile(
  content: string | Uint8Array,
  use: (path: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/run.jsonl`;
    const bytes = typeof content === "string"
      ? new TextEncoder().encode(content)
      : content;
    await Deno.writeFile(path, bytes);
    await use(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("readRunLog reads one event a line, with or without a last newline", async () => {
  const text = `${serializeEvent(FIRST)}\n${serializeEvent(SECOND)}`;
  for (const content of [text, `${text}\n`]) {
    await withFile(content, async (path) => {
      assertEquals(await readRunLog(path), [FIRST, SECOND]);
    });
  }
});

Deno.test("readRunLog names the line that is no event", async () => {
  const good = serializeEvent(FIRST);
  for (const bad of ["", "{}", good.slice(0, -1), "null"]) {
    await withFile(`${good}\n${bad}\n${good}\n`, async (path) => {
      await assertRejects(() => readRunLog(path), RunLogError, `${path}:2:`);
    });
  }
});

Deno.test("readRunLog names the line that is not UTF-8", async () => {
  const good = new TextEncoder().encode(`${serializeEvent(FIRST)}\n`);
  await withFile(new Uint8Array([...good, 0x22, 0xff, 0x22]), async (path) => {
    await assertRejects(() => readRunLog(path), RunLogError, `${path}:2:`);
  });
});

Deno.test("readRunLog refuses a log without events, a folder, and no file", async () => {
  await withFile("", async (path) => {
    await assertRejects(() => readRunLog(path), RunLogError, "no events");
    const folder = path.slice(0, path.lastIndexOf("/"));
    await assertRejects(() => readRunLog(folder), RunLogError, folder);
    const missing = `${path}.missing`;
    await assertRejects(() => readRunLog(missing), RunLogError, missing);
  });
});

Deno.test("replayed gives the events first as they are", () => {
  const [first, second] = replayed([FIRST, SECOND], 1);
  assert(first === FIRST && second === SECOND);
});

Deno.test("replayed gives later rounds fresh ids that still refer to each other", () => {
  const [, , first, second] = [...replayed([FIRST, SECOND], 2)];
  assert(first !== undefined && second !== undefined);
  for (const id of ["event_id", "trace_id", "task_id"] as const) {
    assertNotEquals(first[id], FIRST[id]);
  }
  assertEquals(first.trace_id, second.trace_id);
  assertEquals(first.task_id, second.task_id);
  assertEquals(first.parent_id, null);
  assertEquals(second.parent_id, first.event_id);
  assertEquals([first.payload, first.ts], [FIRST.payload, FIRST.ts]);
});

Deno.test("replayed leaves out the links of the log that was read", () => {
  const key = new Uint8Array(32);
  const [event] = replayed([linkEvent(FIRST, null, key)], 1);
  assertEquals(event, FIRST);
});
