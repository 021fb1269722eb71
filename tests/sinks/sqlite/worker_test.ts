import { assert, assertEquals } from "@std/assert";
import { THREAD_MODULE } from "../../../sinks/sqlite/worker.ts";

Deno.test("THREAD_MODULE is in the module graph of the sink, so that it is cached and compiled with it", async () => {
  const sink = new URL("../../../sinks/sqlite_sink.ts", import.meta.url).href;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", sink],
  }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
    modules: { specifier: string }[];
  };
  assert(modules.some(({ specifier }) => specifier === THREAD_MODULE));
});

Deno.test("worker.ts does not serve in a worker of somebody else's", async () => {
  const worker = new Worker(
    `data:text/javascript,${
      encodeURIComponent(
        `await import(${JSON.stringify(THREAD_MODULE)});
         self.postMessage(self.onmessage === null ? "free" : "taken");`,
      )
    }`,
    { type: "module", name: "an application" },
  );
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Error(event.message));
  };
  try {
    assertEquals(await promise, "free");
  } finally {
    worker.terminate();
  }
});
