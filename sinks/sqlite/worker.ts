// A thread's own side: answers one call at a time on its connection.
import { SinkError } from "../sink_error.ts";
import {
  IN_MEMORY,
  type SqlConnection,
  type SqliteDriver,
} from "./connection.ts";
import { toFailure } from "./failure.ts";
import { FileGuard, MovedError, salvage } from "./file_guard.ts";
import { loadDriver } from "./load_driver.ts";
import type { OpenRequest, Reply, Request, ThreadCalls } from "./messages.ts";
import { Reader } from "./reader.ts";
import { createTables, refuseForeign } from "./schema.ts";
import { Writer } from "./writer.ts";

/** What a thread needs of the scope that it runs in. */
export interface ThreadScope {
  addEventListener(
    type: "error" | "unhandledrejection",
    listener: () => void,
  ): void;
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(message: Reply, transfer: Transferable[]): void;
  close(): void;
}

type Handlers = {
  [Call in keyof ThreadCalls]: (
    argument: never,
  ) => ReturnType<ThreadCalls[Call]> | Promise<ReturnType<ThreadCalls[Call]>>;
};

function openConnection(
  driver: SqliteDriver,
  request: OpenRequest,
): SqlConnection {
  const { path, readOnly, busyTimeoutMs, walBytesMax, withCtx } = request;
  const connection = driver.open(path, { readOnly });
  try {
    connection.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    refuseForeign(connection, request);
    if (readOnly) return connection;
    assertWal(connection, path);
    connection.exec("PRAGMA synchronous = FULL");
    connection.exec(`PRAGMA journal_size_limit = ${walBytesMax}`);
    createTables(connection, withCtx);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** SQLite refuses WAL without an error, where a file system cannot share memory. */
function assertWal(connection: SqlConnection, path: string): void {
  const [row] = connection.prepare("PRAGMA journal_mode = WAL").rows();
  if (row?.[0] === "wal" || path === IN_MEMORY) return;
  throw new SinkError(
    "io",
    `${path} cannot be put into WAL mode, SQLite left it in "${row?.[0]}"; ` +
      "choose a local file system",
  );
}

/** Serves a thread's calls until `close`. */
export function serve(scope: ThreadScope): void {
  let driver: SqliteDriver;
  let connection: SqlConnection | undefined;
  let guard: FileGuard | undefined;
  let writer: Writer | undefined;
  let reader: Reader;
  const handlers: Handlers = {
    async load(choice: Parameters<ThreadCalls["load"]>[0]) {
      driver = await loadDriver(choice);
      return { driver: driver.name, version: driver.version };
    },
    open(request: OpenRequest) {
      connection = openConnection(driver, request);
      guard = new FileGuard(request.path);
      reader = new Reader(connection);
      if (!request.readOnly) writer = new Writer(connection);
    },
    write: (batch: Parameters<ThreadCalls["write"]>[0]) => writer!.write(batch),
    lock: (leaseMs: number) => writer!.lock(leaseMs),
    unlock: () => writer!.unlock(),
    stored: (event_ids: readonly string[]) => writer!.stored(event_ids),
    heads: (request: Parameters<ThreadCalls["heads"]>[0]) =>
      writer!.heads(request),
    reindex: (request: Parameters<ThreadCalls["reindex"]>[0]) =>
      writer!.reindex(request),
    indexedTo: (fields: readonly string[]) => writer!.indexedTo(fields),
    checkpoint: () => writer!.checkpoint(),
    page: (request: Parameters<ThreadCalls["page"]>[0]) => reader.page(request),
    count: (plan: Parameters<ThreadCalls["count"]>[0]) => reader.count(plan),
    audit: (request: Parameters<ThreadCalls["audit"]>[0]) =>
      reader.audit(request),
    orphans: (request: Parameters<ThreadCalls["orphans"]>[0]) =>
      reader.orphans(request),
    idOf: (seq: number) => reader.idOf(seq),
    dataVersion: () => reader.dataVersion(),
    async copyTo(path: string) {
      await connection!.copyTo(path);
    },
    close() {
      connection?.close();
    },
  };

  /** A call's answer, unless the log has gone from under the connection. */
  async function answer({ call, argument }: Request): Promise<unknown> {
    if (call === "write") guard?.assertThere();
    try {
      return await handlers[call](argument as never);
    } finally {
      // Also where the call failed: then this is why, or may be.
      if (call !== "close") guard?.assertThere();
    }
  }

  /** Gives up a connection whose files have gone. */
  function abandon(): void {
    try {
      if (writer !== undefined) salvage(connection!);
    } finally {
      connection!.close();
    }
  }

  // An error that nobody foresaw ends the thread. Over FFI its connection would
  // stay, and with it whatever lock it holds.
  for (const type of ["error", "unhandledrejection"] as const) {
    scope.addEventListener(type, () => connection?.close());
  }

  scope.onmessage = async ({ data }) => {
    const { id, call } = data;
    let reply: Reply;
    try {
      reply = { id, result: await answer(data) };
    } catch (error) {
      const ends = error instanceof MovedError;
      if (ends) abandon();
      reply = { id, failure: { ...toFailure(error), ends } };
    }
    scope.postMessage(reply, transferable(reply));
    if (call === "close") scope.close();
  };
}

/** The buffer of a page's blobs moves; everything else is small and is copied. */
function transferable(reply: Reply): Transferable[] {
  if (!("result" in reply)) return [];
  const result = reply.result as
    | { blobs?: { bytes: Uint8Array }; rows?: { blobs: { bytes: Uint8Array } } }
    | undefined;
  const bytes = result?.blobs?.bytes ?? result?.rows?.blobs.bytes;
  return bytes === undefined ? [] : [bytes.buffer as ArrayBuffer];
}

/** What a thread is called, by which this module knows that it runs in one. */
export const THREAD_NAME = "@zu/backends:sqlite";
/**
 * The module that a thread is started with: this one. It is imported as well, so
 * that it is in the module graph: what is only named to `new Worker` is neither
 * cached with a package nor compiled into a program.
 */
export const THREAD_MODULE: string = import.meta.url;

if ((globalThis as { name?: string }).name === THREAD_NAME) {
  serve(globalThis as unknown as ThreadScope);
}
