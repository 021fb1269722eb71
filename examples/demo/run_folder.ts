import { UsageError } from "./flags.ts";

/**
 * Makes a new folder for one run, so that runs do not meet.
 *
 * @throws {UsageError} If it cannot be made there, or may not.
 */
export async function makeRunFolder(out: string): Promise<string> {
  const descriptor = { name: "write", path: out } as const;
  // Asking would stop the demo at a prompt that few people read.
  const { state } = await Deno.permissions.query(descriptor);
  if (state !== "granted") {
    throw new UsageError(
      `--out: writing to ${out} is not allowed. "deno task demo" may write to ` +
        "demo-out alone; for another folder run\n    deno run --allow-read " +
        `--allow-write=${out} --allow-ffi --allow-env=DENO_SQLITE_PATH ` +
        `examples/demo/main.ts --out ${out} --no-sandbox`,
    );
  }
  const time = new Date().toISOString().replace(/:|\..*/g, "");
  try {
    await Deno.mkdir(out, { recursive: true });
    return await Deno.makeTempDir({ dir: out, prefix: `${time}Z-` });
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    const message = `--out: cannot make a folder in ${out}: ${cause.message}`;
    throw new UsageError(message, { cause });
  }
}
