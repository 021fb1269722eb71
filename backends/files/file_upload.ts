import type { FileCall } from "./file_call.ts";
import { UPLOAD } from "./file_scripts.ts";
import { feed, readWords, spawnFor } from "./file_streams.ts";

/** What to upload. */
export interface Upload {
  /** The folder. */
  readonly path: string;
  /** Whether to make it. */
  readonly parents: boolean;
  /** How long the archive may be. */
  readonly maxBytes: number;
}

/**
 * Extracts an archive in the sandbox.
 *
 * @param call The call that this is done for.
 * @param tar The archive.
 * @param upload Where to.
 */
export async function uploadTar(
  call: FileCall,
  tar: ReadableStream<Uint8Array>,
  { path, parents, maxBytes }: Upload,
): Promise<void> {
  const source = tar.getReader();
  await using process = await spawnFor(
    source,
    () => call.start(UPLOAD, [path, parents ? "1" : "0"]),
  );
  // A tar that is content has seen the archive's end, and need not read on.
  const [said] = await Promise.all([
    readWords(process.stderr),
    feed(process, { source, maxBytes, call }),
    process.stdout.cancel(),
  ]);
  call.expectSuccess(await process.status, said);
}
