import { SinkError } from "../sink_error.ts";
import { IN_MEMORY, startConnection, type ThreadsOptions } from "./threads.ts";
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
  if (await exists(target)) {
    throw new SinkError(
      "io",
      `Cannot back up to ${target}: there is a file already. Choose another path`,
      { cause: new Deno.errors.AlreadyExists(target) },
    );
  }
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
    await Deno.remove(partial).catch(() => {/* It may not have come to be. */});
    throw error;
  } finally {
    if (!isInMemory) await thread.close();
  }
}
