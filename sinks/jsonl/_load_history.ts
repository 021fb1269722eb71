import { SinkError } from "../sink_error.ts";
import { type Chunk, InflateError } from "./_chunks.ts";
import { History, type HistoryOptions } from "./_history.ts";
import { IndexFile } from "./_index_file.ts";
import { partChunks, plainLength } from "./_part_files.ts";
import { type Part, partPath, readNames, splitPath } from "./_part_names.ts";
import { PartTables } from "./_part_tables.ts";
import { scanPart } from "./_scan_part.ts";

/** The rotated parts of a log as they were found, and the last torn file. */
export interface LoadedHistory {
  /** The rotated parts. */
  readonly history: History;
  /** The highest number of a file with torn bytes. */
  readonly lastTorn: number;
}

/**
 * Finds the rotated parts of a log, clears away what was not finished, and reads
 * whatever the index file does not say: all parts where it is missing, damaged
 * or of another log.
 */
export async function loadHistory(
  options: HistoryOptions,
): Promise<LoadedHistory> {
  const { ops, log, folder, rememberedParts } = options;
  const names = readNames(splitPath(log).name, await ops.list(folder));
  const { parts, unfinished, lastTorn } = names;
  for (const name of unfinished) await ops.remove(`${folder}${name}`);
  assertApart(log, parts);
  const index = await usableIndex(options, parts);
  const history = new History(options, parts, index);
  try {
    const known = await index?.ids() ?? [];
    for (const [i, part] of parts.entries()) {
      const isCovered = index !== undefined && part.last <= index.lastSeq;
      const isRemembered = i >= parts.length - rememberedParts;
      if (isCovered && !isRemembered) continue;
      const ids = known.find(({ first, last }) =>
        first === part.first && last === part.last
      );
      if (isCovered && ids !== undefined) {
        history.remember(part, { ids: ids.ids }, 0);
        continue;
      }
      const tables = new PartTables(history.seed);
      const chunks = readable(partChunks(ops, log, part));
      await scanPart(chunks, tables);
      const bytes = await plainLength(ops, log, part);
      history.remember(part, isCovered ? { ids: tables.ids } : tables, bytes);
      if (history.isBehind) await history.writeIndex();
    }
  } catch (error) {
    await history.close();
    throw error;
  }
  return { history, lastTorn };
}

function assertApart(log: string, parts: readonly Part[]): void {
  parts.forEach((part, i) => {
    const next = parts[i + 1];
    if (next === undefined || part.last < next.first) return;
    throw new SinkError(
      "not_a_log",
      `Cannot open ${log}: ${partPath(log, part)} and ${partPath(log, next)} ` +
        "hold the same seqs. Move the one that does not belong here elsewhere",
    );
  });
}

/** The index file, if there is one and it is that of these parts. */
async function usableIndex(
  options: HistoryOptions,
  parts: readonly Part[],
): Promise<IndexFile | undefined> {
  const { ops, log } = options;
  const index = await IndexFile.open(ops, `${log}.index`);
  if (index === undefined) return undefined;
  let fits = false;
  try {
    const last = parts.find((part) => part.last >= index.lastSeq);
    fits = last === undefined || last.first > index.lastSeq ||
      (last.last === index.lastSeq &&
        await plainLength(ops, log, last) === index.partBytes);
  } finally {
    if (!fits) await index.close();
  }
  return fits ? index : undefined;
}

/**
 * A part's chunks up to where it can be inflated. A damaged part is reported to
 * those who read it; here it must not keep the rest of the log from opening.
 */
async function* readable(
  chunks: AsyncIterable<Chunk>,
): AsyncGenerator<Chunk, void, undefined> {
  try {
    yield* chunks;
  } catch (error) {
    if (!(error instanceof InflateError)) throw error;
  }
}
