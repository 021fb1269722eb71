import type { FileCall } from "./file_call.ts";
import { READ } from "./file_scripts.ts";
import { readUpTo, readWords } from "./file_streams.ts";

/**
 * Reads a file.
 *
 * @param call The call that this is done for.
 * @param path The file.
 * @param maxBytes How long it may be.
 * @returns Its bytes.
 */
export async function readFile(
  call: FileCall,
  path: string,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bound = `${maxBytes} bytes`;
  await using process = await call.start(READ, [path, `${maxBytes}`]);
  const [said, bytes] = await Promise.all([
    readWords(process.stderr),
    readUpTo(process.stdout, maxBytes).then(async (bytes) => {
      if (bytes === undefined) await process.kill();
      return bytes;
    }),
  ]);
  if (bytes === undefined) throw call.tooLarge(bound);
  call.expectSuccess(await process.status, said, bound);
  return bytes;
}
