/** Calls a function with the path of a new folder, and removes it afterwards. */
export async function withTempDir(
  fn: (dir: string) => void | Promise<void>,
): Promise<void> {
  // A link in the path would make it differ from what a library resolves.
  const dir = await Deno.realPath(await Deno.makeTempDir());
  try {
    await fn(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
