/**
 * Runs `deno publish --dry-run`, which refuses slow types and modules that are
 * used but not published, and then checks the list of files that would be
 * published. Works without a network.
 *
 * `deno publish` refuses a package whose linked packages it does not contain, so
 * the dry run is made by links/unlinked.ts, on a copy with the links beside it.
 *
 * @module
 */
import { publishedFiles, publishProblems } from "./_published_files.ts";

/** Runs the dry run, and returns whether it and its list of files are right. */
async function checkPublish(): Promise<boolean> {
  const command = ["publish", "--dry-run", "--allow-dirty"];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "links/unlinked.ts", "--keep-links", ...command],
    env: { NO_COLOR: "1" },
    stdout: "inherit",
  }).output();
  const output = new TextDecoder().decode(stderr);
  console.error(output);
  if (!success) return false;
  const config: { exports: Record<string, string> } = JSON.parse(
    await Deno.readTextFile("deno.json"),
  );
  const problems = publishProblems(
    publishedFiles(output),
    Object.values(config.exports),
  );
  for (const problem of problems) console.error(`error: ${problem}`);
  return problems.length === 0;
}

if (import.meta.main) Deno.exit(await checkPublish() ? 0 : 1);
