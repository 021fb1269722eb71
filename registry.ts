/**
 * Named adapters, so that a config file can say which sink or backend to open.
 *
 * @module
 */
import { type AdapterOptions, AdapterRegistry } from "./adapter_registry.ts";
import {
  LocalDockerBackend,
  type LocalDockerBackendOptions,
} from "./backends/local_docker_backend.ts";
import {
  SANDBOX_BACKEND_PORT,
  type SandboxBackend,
} from "./backends/sandbox_backend.ts";
import { EVENT_SINK_PORT, type EventSink } from "./sinks/event_sink.ts";
import { JsonlSink, type JsonlSinkOptions } from "./sinks/jsonl_sink.ts";
import { MemorySink, type MemorySinkOptions } from "./sinks/memory_sink.ts";
import {
  type PostgresAddress,
  PostgresSink,
  type PostgresSinkOptions,
} from "./sinks/postgres_sink.ts";
import { SqliteSink, type SqliteSinkOptions } from "./sinks/sqlite_sink.ts";

export * from "./adapter_registry.ts";
export * from "./registry_error.ts";

/** The `path` among an adapter's options, and the others. */
function withPath(
  adapter: string,
  { path, ...options }: AdapterOptions,
): [path: string, options: AdapterOptions] {
  if (typeof path === "string" && path !== "") return [path, options];
  throw new TypeError(
    `zu.sinks: "${adapter}" needs the option path, the file's name`,
  );
}

/** The `address` among an adapter's options, which it checks itself, and the others. */
function withAddress(
  adapter: string,
  { address, ...options }: AdapterOptions,
): [address: PostgresAddress, options: AdapterOptions] {
  if (address !== undefined && address !== "") {
    return [address as PostgresAddress, options];
  }
  throw new TypeError(
    `zu.sinks: "${adapter}" needs the option address, such as ` +
      '"postgres://user@host:5432/database"',
  );
}

/**
 * The event sinks: `zu.sinks`. Registered are `memory`, `jsonl`, `sqlite` and
 * `postgres`. Beside their own options, `jsonl` and `sqlite` take a `path`, and
 * `postgres` an `address`.
 */
export const sinks: AdapterRegistry<EventSink> = new AdapterRegistry({
  name: "zu.sinks",
  port: EVENT_SINK_PORT,
  exportName: "sink",
});

/** The sandbox backends: `zu.backends`. Registered is `local-docker`. */
export const backends: AdapterRegistry<SandboxBackend> = new AdapterRegistry({
  name: "zu.backends",
  port: SANDBOX_BACKEND_PORT,
  exportName: "backend",
});

sinks.register("memory", {
  port: EVENT_SINK_PORT,
  // A sink checks its options itself.
  open: (options) => new MemorySink(options as MemorySinkOptions),
});
sinks.register("jsonl", {
  port: EVENT_SINK_PORT,
  open: (given) => {
    const [path, options] = withPath("jsonl", given);
    return new JsonlSink(path, options as JsonlSinkOptions);
  },
});
sinks.register("sqlite", {
  port: EVENT_SINK_PORT,
  open: (given) => {
    const [path, options] = withPath("sqlite", given);
    return SqliteSink.open(path, options as SqliteSinkOptions);
  },
});
sinks.register("postgres", {
  port: EVENT_SINK_PORT,
  open: (given) => {
    const [address, options] = withAddress("postgres", given);
    return PostgresSink.open(address, options as PostgresSinkOptions);
  },
});
backends.register("local-docker", {
  port: SANDBOX_BACKEND_PORT,
  // Nothing is contacted until its first launch.
  open: (options) =>
    new LocalDockerBackend(options as LocalDockerBackendOptions),
});
