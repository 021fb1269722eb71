/**
 * A variable of the environment; undefined where it may not be read. Asking for
 * the permission would stop the harness until somebody answers.
 */
export function readEnv(name: string): string | undefined {
  const descriptor = { name: "env", variable: name } as const;
  const { state } = Deno.permissions.querySync(descriptor);
  return state === "granted" ? Deno.env.get(name) : undefined;
}

/** Whether there is something at a path; undefined if that may not be seen. */
export async function exists(path: string): Promise<boolean | undefined> {
  const { state } = await Deno.permissions.query({ name: "read", path });
  if (state !== "granted") return undefined;
  return await Deno.stat(path).then(() => true, () => false);
}
