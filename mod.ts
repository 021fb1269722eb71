/**
 * The infrastructure of an agent harness: an append-only log that proves what an
 * agent did, and sandboxes for the code that a model chose.
 *
 * ```ts
 * import { createEvent, MemorySink, verifyLog } from "@zu/backends";
 * import { assertEquals } from "@std/assert";
 *
 * await using log = new MemorySink();
 * await log.append(createEvent({
 *   trace_id: crypto.randomUUID(),
 *   task_id: crypto.randomUUID(),
 *   type: "harness.task.started",
 *   source: "loop",
 *   payload: { query: "find the cheapest flat white" },
 * }));
 * assertEquals((await verifyLog(log)).violations, []);
 * ```
 *
 * `SqliteSink` and `JsonlSink` keep the log on disk, `PostgresSink` on a server for
 * many machines, `EventBus` ships it to others, and `sinks.open` opens an adapter that a config file names. Importing
 * touches nothing: no file, socket, native library or permission until something
 * is opened.
 *
 * @module
 */
export * from "./backends/mod.ts";
export * from "./codec/mod.ts";
export * from "./registry.ts";
export * from "./sinks/mod.ts";
