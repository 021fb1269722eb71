import { assert, assertEquals } from "@std/assert";
import { TextLineStream } from "./_line_stream.ts";
import { JsonlSink } from "../../../sinks/jsonl_sink.ts";
import { verifyLog } from "../../../sinks/mod.ts";
import { withFolder } from "./_helpers.ts";

const ROOT = new URL("../../../", import.meta.url);
const OPTIONS = { maxBytes: 40_000 };

/** Appends without an end, and prints each id that was acknowledged. */
const SCRIPT = `
  const { createEvent } = await import("${new URL("sinks/mod.ts", ROOT)}");
  const { JsonlSink } = await import("${new URL("sinks/jsonl_sink.ts", ROOT)}");
  const [log, options] = [Deno.env.get("LOG"), Deno.env.get("OPTIONS")];
  const sink = new JsonlSink(log, JSON.parse(options));
  const traces = Array.from({ length: 5 }, () => crypto.randomUUID());
  await Promise.all(Array.from({ length: 16 }, async (_, i) => {
    while (true) {
      const { event } = await sink.append(createEvent({
        trace_id: traces[i % 5], task_id: traces[0], type: "harness.step",
        source: "child", payload: { text: "x".repeat(400) },
      }));
      console.log(event.event_id);
    }
  }));
`;

/** Has a process append until so many are acknowledged, and kills it. */
async function killedAfter(count: number, log: string): Promise<string[]> {
  const config = new URL("deno.json", ROOT).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-lock", "--cached-only", "-A", "-c", config, "-"],
    env: { LOG: log, OPTIONS: JSON.stringify(OPTIONS) },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(SCRIPT));
  await writer.close();
  const acknowledged: string[] = [];
  const printed = child.stdout.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  for await (const line of printed) {
    acknowledged.push(line);
    if (acknowledged.length === count) child.kill("SIGKILL");
  }
  await child.status;
  return acknowledged;
}

Deno.test("JsonlSink has all that was acknowledged when its process is killed amid appending", async () => {
  await withFolder(async (_folder, log) => {
    for (const count of [1, 150, 400]) {
      const acknowledged = await killedAfter(count, log);
      assert(acknowledged.length >= count);
      await using sink = new JsonlSink(log, OPTIONS);
      const found = new Set<string>();
      for await (const { event } of sink.stream()) found.add(event.event_id);
      assertEquals(acknowledged.filter((id) => !found.has(id)), []);
      const { violations, unlinked } = await verifyLog(sink);
      assertEquals([violations, unlinked], [[], 0]);
    }
  });
});
