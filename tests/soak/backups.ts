// Backups of a log while it is written to, each opened and counted.
import { SqliteSink } from "../../sinks/sqlite_sink.ts";
import type { SqliteSinkOptions } from "../../sinks/sqlite_sink_options.ts";

const EVERY_MS = 30_000;

/** Backs a log up every half minute; returns how often. */
export async function runBackups(
  sink: SqliteSink,
  options: SqliteSinkOptions,
  folder: string,
  signal: AbortSignal,
): Promise<number> {
  let backups = 0;
  while (await pause(EVERY_MS, signal)) {
    const path = `${folder}/backup-${backups}.db`;
    const before = await sink.count();
    await sink.backup(path);
    {
      await using copy = await SqliteSink.open(path, {
        ...options,
        readOnly: true,
      });
      const found = await copy.count();
      if (found < before) {
        throw new Error(`A backup has ${found} events, of ${before}`);
      }
    }
    for await (const { name } of Deno.readDir(folder)) {
      if (name.startsWith("backup-")) await Deno.remove(`${folder}/${name}`);
    }
    backups++;
  }
  return backups;
}

/** False if it was called off. */
export async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const stop = () => resolve();
  signal.addEventListener("abort", stop);
  if (!signal.aborted) await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", stop);
  return !signal.aborted;
}
