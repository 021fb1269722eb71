// PostgresSink and the bare client, each measured in a turn of its own.
import {
  PostgresSink,
  type PostgresSinkOptions,
} from "../sinks/postgres_sink.ts";
import type { Subject } from "./_docker_rounds.ts";
import { append, EVENT_BYTES, makeEvents, rate } from "./_load.ts";
import type { ReadMemory } from "./postgres_appending.ts";
import { RawPostgres, withSchema } from "./_raw_postgres.ts";
import { blobLike } from "./_raw_sqlite.ts";
import { APPENDERS } from "./_sqlite_subjects.ts";

const PROGRAM = new URL("postgres_appending.ts", import.meta.url).pathname;
const WARM_UP = 1_000;

/** The sink, with many appenders on several connections. */
export function sinkAppend(
  url: string,
  count: number,
  options: PostgresSinkOptions,
): Subject {
  return () =>
    withSchema(url, async (schema) => {
      const events = makeEvents(count);
      await using sink = await PostgresSink.open(url, { ...options, schema });
      await append(sink, makeEvents(WARM_UP), APPENDERS);
      return [await rate(count, () => append(sink, events, APPENDERS))];
    });
}

/** The bare client, so many rows to a transaction. */
export function rawInTransactions(
  url: string,
  count: number,
  perTransaction: number,
): Subject {
  const events = makeEvents(count);
  const blob = blobLike(events[0]!, EVENT_BYTES);
  return () =>
    withSchema(url, async (schema) => {
      await using raw = new RawPostgres(url, schema, 1);
      const insert = () =>
        raw.insertInTransactions(events, perTransaction, blob);
      return [await rate(count, insert)];
    });
}

/** The bare client, an insert each, from so many tasks on so many connections. */
export function rawOneByOne(
  url: string,
  count: number,
  tasks: number,
  connections: number,
): Subject {
  const events = makeEvents(count);
  const blob = blobLike(events[0]!, EVENT_BYTES);
  return () =>
    withSchema(url, async (schema) => {
      await using raw = new RawPostgres(url, schema, connections);
      return [await rate(count, () => raw.insertOneByOne(events, tasks, blob))];
    });
}

/** Streams a log. */
export function sinkStream(url: string, schema: string): Subject {
  return async () => {
    await using sink = await PostgresSink.open(url, { schema, readOnly: true });
    const count = await sink.count();
    return [
      await rate(count, async () => {
        for await (const _ of sink.stream()) { /* Nothing but the reading. */ }
      }),
    ];
  };
}

/** The bare client, reading the same pages. */
export function rawRead(
  url: string,
  schema: string,
  parse: (data: Uint8Array) => void,
): Subject {
  return async () => {
    await using raw = new RawPostgres(url, schema, 1);
    const startedMs = performance.now();
    const count = await raw.readAll(parse);
    return [count / (performance.now() - startedMs) * 1000];
  };
}

/** Several processes together, each with traces of its own. */
export function processesAppend(
  url: string,
  count: number,
  processes: number,
): Subject {
  return () =>
    withSchema(url, async (schema) => {
      const each = Math.floor(count / processes);
      const children = Array.from({ length: processes }, () =>
        new Deno.Command(Deno.execPath(), {
          args: ["run", "-A", PROGRAM, "append", url, schema, `${each}`],
          stdin: "piped",
          stdout: "piped",
        }).spawn());
      const outs = children.map(({ stdout }) =>
        stdout.getReader()
      );
      const said = () => Promise.all(outs.map((out) => out.read()));
      await said();
      const startedMs = performance.now();
      for (const { stdin } of children) {
        const writer = stdin.getWriter();
        await writer.write(new Uint8Array(1));
        writer.releaseLock();
      }
      await said();
      const perSec = each * processes / (performance.now() - startedMs) * 1000;
      for (const [n, child] of children.entries()) {
        await child.stdin.close();
        await outs[n]!.cancel();
        await child.status;
      }
      return [perSec];
    });
}

/** How much memory it takes to read a log, by the sink or the bare client. */
export async function readMemory(
  what: "stream" | "read",
  url: string,
  schema: string,
  count: number,
): Promise<ReadMemory> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", PROGRAM, what, url, schema, `${count}`],
    stderr: "inherit",
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}
