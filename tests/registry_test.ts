import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "@std/assert";
import {
  LocalDockerBackend,
  SANDBOX_BACKEND_PORT,
  ScriptedBackend,
} from "../backends/mod.ts";
import { backends, sinks } from "../registry.ts";
import { JsonlSink } from "../sinks/jsonl_sink.ts";
import {
  createEvent,
  EVENT_SINK_PORT,
  type EventSink,
  MemorySink,
  PostgresSink,
  SqliteSink,
} from "../sinks/mod.ts";
import { postgresTest, withDatabase } from "./postgres/_postgres.ts";

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

async function appendsOne(sink: EventSink): Promise<void> {
  const id = crypto.randomUUID();
  await sink.append(createEvent({
    trace_id: id,
    task_id: id,
    type: "data.page",
    source: "tests",
    payload: { ctx: { user: "ada" } },
  }));
  assertEquals(await sink.count({ user: "ada" }), 1);
}

Deno.test("sinks and backends have the built-in adapters", () => {
  assertEquals(sinks.names(), ["jsonl", "memory", "postgres", "sqlite"]);
  assertEquals(backends.names(), ["local-docker"]);
});

Deno.test("backends opens the backend for the local engine, which contacts nothing", async () => {
  const socketPath = "/nowhere/docker.sock";
  const backend = await backends.open("local-docker", { socketPath });
  assertInstanceOf(backend, LocalDockerBackend);
  await backend.close();
  await assertRejects(
    () => backends.open("local-docker", { tiers: { a: { memory: 0 } } }),
    TypeError,
    "memory",
  );
});

Deno.test("sinks opens a memory sink with its options", async () => {
  await using sink = await sinks.open("memory", { ctxFields: ["user"] });
  assertInstanceOf(sink, MemorySink);
  await appendsOne(sink);
});

Deno.test("sinks opens a JSONL file by its path", async () => {
  await withFolder(async (folder) => {
    const options = { path: `${folder}/log.jsonl`, ctxFields: ["user"] };
    await using sink = await sinks.open("jsonl", options);
    assertInstanceOf(sink, JsonlSink);
    await appendsOne(sink);
    assert((await Deno.stat(options.path)).isFile);
  });
});

Deno.test("sinks opens a SQLite file by its path", async () => {
  await withFolder(async (folder) => {
    const options = { path: `${folder}/log.db`, ctxFields: ["user"] };
    await using sink = await sinks.open("sqlite", options);
    assert(sink instanceof SqliteSink);
    await appendsOne(sink);
    assert((await Deno.stat(options.path)).isFile);
  });
});

Deno.test("sinks wants the path of a sink on disk", async () => {
  for (const name of ["jsonl", "sqlite"]) {
    for (const options of [{}, { path: "" }, { path: 1 }]) {
      let error: unknown;
      try {
        await sinks.open(name, options);
      } catch (thrown) {
        error = thrown;
      }
      assertInstanceOf(error, TypeError);
      assert(error.message.includes("path"), error.message);
    }
  }
});

postgresTest(
  "sinks opens a log on a PostgreSQL server by its address",
  async () => {
    await withDatabase(async (address) => {
      const options = { address, schema: "runs", ctxFields: ["user"] };
      await using sink = await sinks.open("postgres", options);
      assert(sink instanceof PostgresSink);
      assertEquals(sink.schema, "runs");
      await appendsOne(sink);
    });
  },
);

Deno.test("sinks wants the address of a PostgreSQL server, and contacts none without", async () => {
  const wrong: [Record<string, unknown>, string][] = [
    [{}, "needs the option address"],
    [{ address: "" }, "needs the option address"],
    [{ path: "postgres://127.0.0.1:1/x" }, "needs the option address"],
    [{ address: "mysql://127.0.0.1:1/x" }, "address"],
    [{ address: 1 }, "address"],
  ];
  for (const [options, part] of wrong) {
    await assertRejects(
      () => sinks.open("postgres", options),
      TypeError,
      part,
    );
  }
});

Deno.test("backends opens an adapter from an object", async () => {
  const name = `scripted-${crypto.randomUUID()}`;
  backends.register(name, {
    port: SANDBOX_BACKEND_PORT,
    open: () => new ScriptedBackend([{ observation: { status: 200 } }]),
  });
  const backend = await backends.open(name);
  await using sandbox = await backend.launch({ image: "a" });
  const call = { name: "fetch", args: {} };
  assertEquals(await backend.exec(sandbox, call), { status: 200 });
});

Deno.test("sinks opens a sink of someone else's, from a local file", async () => {
  await withFolder(async (folder) => {
    const port = new URL("../sinks/mod.ts", import.meta.url).href;
    await Deno.writeTextFile(
      `${folder}/my_sink.ts`,
      `import { EVENT_SINK_PORT, MemorySink } from ${JSON.stringify(port)};
export default {
  port: EVENT_SINK_PORT,
  open: (options) => new MemorySink(options),
};
`,
    );
    const base = `file://${folder}/config.json`;
    const options = { ctxFields: ["user"] };
    await using sink = await sinks.open("./my_sink.ts", options, { base });
    assertEquals(EVENT_SINK_PORT, 1);
    await appendsOne(sink);
  });
});
