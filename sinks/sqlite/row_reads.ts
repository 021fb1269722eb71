// The threads as what the rows' common part reads from.
import type { HeadReader, PageReader } from "../rows/stored_rows.ts";
import type { ReindexedLog } from "../rows/reindex.ts";
import type { Thread } from "./thread.ts";
import type { Threads } from "./threads.ts";

/** Pages, by the thread that reads. */
export function pageReader(threads: Threads): PageReader {
  return {
    page: async (request) =>
      await (await threads.reader()).call("page", "read", request),
    idOf: async (seq) =>
      await (await threads.reader()).call("idOf", "read", seq),
  };
}

/** Heads, by the thread that writes. */
export function headReader(writer: Thread): HeadReader {
  return { heads: (request) => writer.call("heads", "append", request) };
}

/** The log as fields that were registered late are added to it. */
export function reindexedLog(threads: Threads): ReindexedLog {
  const what = "index ctx fields";
  return {
    indexedTo: async (fields) =>
      await (await threads.writer()).call("indexedTo", what, fields),
    page: async (request) =>
      await (await threads.reader()).call("page", what, request),
    add: async (request) =>
      await (await threads.writer()).call("reindex", what, request),
  };
}
