// Opens an adapter, uses it and closes it: run by the tests of the README's table
// of permissions with exactly the flags that stand there.
import {
  createEvent,
  JsonlSink,
  MemorySink,
  PostgresSink,
  SqliteSink,
} from "../../mod.ts";
import type { EventSink } from "../../mod.ts";
import { LocalDockerBackend } from "../../backends/local_docker_backend.ts";

const SINKS: Readonly<
  Record<string, (address: string) => EventSink | Promise<EventSink>>
> = {
  MemorySink: () => new MemorySink(),
  JsonlSink: () => new JsonlSink("logs/run.jsonl"),
  "SqliteSink, builtin": () =>
    SqliteSink.open("logs/run.db", { driver: "builtin" }),
  "SqliteSink, ffi": () => SqliteSink.open("logs/run.db", { driver: "ffi" }),
  PostgresSink: (address) => PostgresSink.open(address),
};

async function useSink(sink: EventSink): Promise<void> {
  await sink.append(createEvent({
    trace_id: crypto.randomUUID(),
    task_id: crypto.randomUUID(),
    type: "harness.task.started",
    source: "loop",
  }));
  console.log(await sink.count());
  await sink.close();
}

async function useBackend(image: string): Promise<void> {
  await using backend = new LocalDockerBackend({
    imagePolicy: { pull: "never" },
  });
  await using sandbox = await backend.launch({ image });
  const { stdout } = await backend.run(sandbox, ["echo", "1"]);
  console.log(new TextDecoder().decode(stdout).trim());
}

if (import.meta.main) {
  const [adapter, address] = Deno.args as [string, string?];
  const open = SINKS[adapter];
  // A sink on a server has an address, as a backend has an image.
  if (open !== undefined) await useSink(await open(address!));
  else await useBackend(address!);
}
