import type { LogFile } from "./_file_ops.ts";

/** Writes all bytes, however many steps the system takes for it. */
export async function writeAll(
  file: LogFile,
  bytes: Uint8Array,
): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const written = await file.write(bytes.subarray(at));
    if (written === 0) throw new Error("the system wrote nothing");
    at += written;
  }
}
