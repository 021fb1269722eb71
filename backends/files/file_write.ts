import type { FileCall } from "./file_call.ts";
import type { SandboxPath } from "./file_paths.ts";
import {
  WRITE,
  WRITE_COMMIT,
  WRITE_DROP,
  WRITE_STAGE,
} from "./file_scripts.ts";
import { feed, readWords, spawnFor } from "./file_streams.ts";

/** What to write. */
export interface Write {
  /** Where to. */
  readonly place: SandboxPath;
  /** The mode; else that of the file that is replaced. */
  readonly mode: number | undefined;
  /** Whether to make the folders that it is in. */
  readonly parents: boolean;
  /** How long a stream may be. */
  readonly maxBytes: number;
}

/**
 * Writes a file, whole or not at all.
 *
 * @param call The call that this is done for.
 * @param data The file's bytes.
 * @param write What to write.
 */
export async function writeFile(
  call: FileCall,
  data: Uint8Array | ReadableStream<Uint8Array>,
  { place, mode, parents, maxBytes }: Write,
): Promise<void> {
  const isBytes = data instanceof Uint8Array;
  const source = isBytes ? undefined : data.getReader();
  const args = [
    place.path,
    place.folder,
    crypto.randomUUID(),
    isBytes ? `${data.length}` : "-",
    mode?.toString(8) ?? "keep",
    parents ? "1" : "0",
  ];
  try {
    if (isBytes) await call.ask(WRITE, args, { stdin: data });
    else {
      await stage(call, args, source!, maxBytes);
      await call.ask(WRITE_COMMIT, args);
    }
  } catch (error) {
    // A program that was killed leaves what it had written until then.
    await call.cleanUp(WRITE_DROP, args);
    throw error;
  }
}

/** Puts a stream beside its place. */
async function stage(
  call: FileCall,
  args: readonly string[],
  source: ReadableStreamDefaultReader<Uint8Array>,
  maxBytes: number,
): Promise<void> {
  await using process = await spawnFor(
    source,
    () => call.start(WRITE_STAGE, args),
  );
  const [said, isWhole] = await Promise.all([
    readWords(process.stderr),
    feed(process, { source, maxBytes, call }),
    process.stdout.cancel(),
  ]);
  call.expectSuccess(await process.status, said);
  if (!isWhole) {
    throw call.error("file_failed", "it stopped reading before the end");
  }
}
