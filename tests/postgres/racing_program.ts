// Appends what it is told to, as a process of its own. It opens the log and says
// "ready"; then, for each line of its stdin, a JSON array of events' texts, it appends
// these together and says what became of it, a line each, in order:
//
//   [[<seq>, <hash>], …] | "<code>: <message>"
//
//   deno run … racing_program.ts <url>
import { parseEvent } from "../../sinks/mod.ts";
import { PostgresSink } from "../../sinks/postgres_sink.ts";

const [url] = Deno.args as [string];
await using sink = await PostgresSink.open(url);
console.log("ready");
const appending: Promise<string>[] = [];
let rest = "";
const stdin = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
for await (const text of stdin) {
  const lines = (rest + text).split("\n");
  rest = lines.pop()!;
  for (const line of lines) appending.push(append(line));
}
for (const said of appending) console.log(await said);

async function append(line: string): Promise<string> {
  const events = (JSON.parse(line) as string[]).map((text) => parseEvent(text));
  try {
    const stored = await sink.appendAll(events);
    return JSON.stringify(stored.map(({ seq, event }) => [seq, event.hash]));
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return JSON.stringify(`${code}: ${message}`);
  }
}
