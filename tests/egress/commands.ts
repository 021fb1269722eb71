/** Runs a command to its end, and returns what it printed. */
export async function output(
  program: string,
  args: readonly string[],
  input?: string,
): Promise<string> {
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (input !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(input)).catch(() => {});
    await writer.close().catch(() => {});
  }
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  if (code === 0) return decoder.decode(stdout);
  const said = decoder.decode(stderr).trim() || decoder.decode(stdout).trim();
  throw new Error(`${program} ${args.join(" ")} failed (${code}): ${said}`);
}
