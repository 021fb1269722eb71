// Appends events from one process of several, or streams a log and tells of its
// memory. Started by _postgres.ts, which prints when to begin.
import { PostgresSink } from "../sinks/postgres_sink.ts";
import { append, makeEvents } from "./_load.ts";
import { APPENDERS } from "./_sqlite_subjects.ts";

const [what = "", url = "", schema = "", count = ""] = Deno.args;

if (import.meta.main && what === "append") {
  // Each process has traces of its own, as each agent has.
  const events = makeEvents(Number(count));
  await using sink = await PostgresSink.open(url, { schema, connections: 4 });
  await append(sink, makeEvents(256), APPENDERS);
  console.log("ready");
  await Deno.stdin.read(new Uint8Array(1));
  await append(sink, events, APPENDERS);
  console.log("done");
}

if (import.meta.main && what === "stream") {
  await using sink = await PostgresSink.open(url, { schema, readOnly: true });
  const idle = Deno.memoryUsage().rss;
  let most = idle;
  let seen = 0;
  for await (const _ of sink.stream()) {
    if (++seen % 1000 === 0) most = Math.max(most, Deno.memoryUsage().rss);
  }
  console.log(JSON.stringify({ seen, idle, most }));
}
