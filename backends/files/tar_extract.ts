import { BackendError } from "../backend_error.ts";
import { Extraction, type ExtractOptions } from "./extraction.ts";
import { Staging } from "./staging.ts";
import { TarReader } from "./tar_reader.ts";
import type { TreeReport } from "../sandbox_files_options.ts";

/**
 * Extracts an archive that nobody vouches for into a folder of the host. It is put
 * together in a new folder, in which each file and folder is made and none is
 * opened that was there; links are made last, so that nothing is ever written
 * through one; and when all is well, it is moved up. Otherwise all of it is
 * removed.
 *
 * @param source The archive. It is cancelled if it is not read to its end.
 * @param folder Where to put what is in it.
 * @param options Bounds.
 * @returns What was extracted, and what was left out.
 * @throws {BackendError} `file_refused` for an archive that is broken or would
 * leave the folder, `file_too_large`, or `file_failed`.
 * @throws What the source fails with.
 */
export async function extractTar(
  source: ReadableStream<Uint8Array>,
  folder: string,
  options: ExtractOptions,
): Promise<TreeReport> {
  let staging: Staging | undefined;
  try {
    staging = await Staging.in(folder);
    const extraction = new Extraction(staging, options);
    await readAll(source, extraction);
    await extraction.makeLinks();
    await staging.commit();
    return extraction.report;
  } catch (error) {
    // One that failed by itself fails to be cancelled with the same error.
    await source.cancel(error).catch(() => {});
    if (staging !== undefined) await discard(staging, error);
    throw error;
  }
}

async function readAll(
  source: ReadableStream<Uint8Array>,
  extraction: Extraction,
): Promise<void> {
  using reader = new TarReader(
    source,
    (bytes) => extraction.budget.spendNames(bytes),
  );
  for (;;) {
    const entry = await reader.next();
    if (entry === undefined) return;
    await extraction.take(entry, reader.body());
  }
}

/** Removes what there is, and says so if it cannot. */
async function discard(staging: Staging, error: unknown): Promise<void> {
  try {
    await staging.discard();
  } catch (reason) {
    const [found, why] = [error, reason].map((each) =>
      each instanceof Error ? each.message : String(each)
    );
    throw new BackendError(
      error instanceof BackendError ? error.code : "file_failed",
      `${found}. What was extracted until then is still there: ${why}`,
      { cause: error },
    );
  }
}
