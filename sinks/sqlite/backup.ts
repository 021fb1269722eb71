import { SinkError } from "../sink_error.ts";
import { IN_MEMORY } from "./connection.ts";
import { startConnection, type ThreadsOptions } from "./threads.ts";
import type { Thread } from "./thread.ts";

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Makes what was written to a file survive a loss of power. */
async function sync(path: string): Promise<void> {
  using file = await Deno.open(path, { read: true, write: true });
  await file.sync();
}

/**
 * Copies a database as it was at one moment, on a connection of its own, so that
 * neither appends nor reads wait. The copy gets its name when it is whole.
 */
export async function backup(
  target: string,
  options: ThreadsOptions,
  ownThread: () => Promise<Thread>,
): Promise<void> {
  try {
    if (await exists(target)) {
      throw new SinkError(
        "io",
        `Cannot back up to ${target}: there is a file already. Choose another path`,
        { cause: new Deno.errors.AlreadyExists(target) },
      );
    }
    await copy(target, options, ownThread);
  } catch (error) {
    if (error instanceof SinkError) throw error;
    const { code, message } = error as { code?: string; message: string };
    throw new SinkError(
      code === "ENOSPC" ? "disk_full" : "io",
      `Cannot back up to ${target}: ${message}`,
      { cause: error },
    );
  }
}

async function copy(
  target: string,
  options: ThreadsOptions,
  ownThread: () => Promise<Thread>,
): Promise<void> {
  const partial = `${target}.partial-${crypto.randomUUID()}`;
  const isInMemory = options.path === IN_MEMORY;
  const thread = isInMemory
    ? await ownThread()
    : await startConnection(options.choice, { ...options, readOnly: true });
  try {
    await thread.call("copyTo", `back up to ${target}`, partial);
    await sync(partial);
    await Deno.rename(partial, target);
  } catch (error) {
    // Some of these may not have come to be.
    for (const end of ["", "-journal", "-wal", "-shm"]) {
      await Deno.remove(partial + end).catch(() => {});
    }
    throw error;
  } finally {
    if (!isInMemory) await thread.close();
  }
}
