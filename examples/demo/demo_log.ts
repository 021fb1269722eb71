import { type AuditableSink, JsonlAnchor } from "@zu/backends/sinks";
import { JsonlSink } from "@zu/backends/sinks/jsonl";
import type { Flags } from "./flags.ts";
import { type Keys, makeKeys } from "./keys.ts";
import type { LogStore } from "./log_store.ts";
import { SqliteStore } from "./sqlite_store.ts";

/** The log of one run, and what is kept beside it. */
export interface DemoLog extends AsyncDisposable {
  /** The folder that everything is in, but for a log on a server. */
  readonly folder: string;
  /** The run's keys. */
  readonly keys: Keys;
  /** Where the canonical log is kept. */
  readonly store: LogStore;
  /** The canonical log. */
  readonly log: AuditableSink;
  /** The copy as lines of JSON, `run.jsonl`. */
  readonly copy: JsonlSink;
  /** How far each trace came, `anchors.jsonl`. */
  readonly anchors: JsonlAnchor;
}

/** Opens a log in a new folder, or with `sink`, on that server. */
export async function openDemoLog(
  folder: string,
  { driver, sink }: Pick<Flags, "driver" | "sink">,
): Promise<DemoLog> {
  const keys = await makeKeys(`${folder}/keys.env`);
  await using opened = new AsyncDisposableStack();
  const store = opened.use(await openStore(folder, keys, { driver, sink }));
  // Events reach the copy linked and signed, so it needs no key to sign with.
  const copy = opened.use(new JsonlSink(`${folder}/run.jsonl`));
  const anchors = opened.use(new JsonlAnchor(`${folder}/anchors.jsonl`));
  const all = opened.move();
  return {
    folder,
    keys,
    store,
    log: store.log,
    copy,
    anchors,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

async function openStore(
  folder: string,
  keys: Keys,
  { driver, sink }: Pick<Flags, "driver" | "sink">,
): Promise<LogStore> {
  if (sink === undefined) return await SqliteStore.open(folder, keys, driver);
  const { PostgresStore } = await import("./postgres_store.ts");
  return await PostgresStore.open(folder, keys, sink);
}
