/**
 * Runs a `deno` command on a copy of this package that uses the registry's
 * packages and not its links: `deno run -A links/unlinked.ts test -A` to test
 * against them, or `… publish` to publish.
 *
 * `deno publish` takes linked packages for parts of the package, and refuses to
 * leave them out; in the copy there are none. Where the registry is out of
 * reach, `deno run -A links/unlinked.ts --keep-links publish --dry-run` checks
 * the rest: the links stay in use, but from outside of the copy.
 *
 * @module
 */

/** What is not copied: what a checkout has and a package does not. */
const LEFT_OUT = new Set([".git", "node_modules", "coverage", "demo-out"]);
const KEEP_LINKS = "--keep-links";

/** The part of a package's config that concerns links. */
interface Config {
  links?: string[];
}

/**
 * Runs a command on a copy of a package, and removes the copy.
 *
 * @param root The package's folder.
 * @param args The command and its arguments, after `--keep-links` if wanted.
 * @returns The command's exit code.
 */
export async function runUnlinked(
  root: string,
  args: string[],
): Promise<number> {
  const keepLinks = args[0] === KEEP_LINKS;
  const scratch = await Deno.realPath(await Deno.makeTempDir());
  // An interrupt reaches the command too; this process outlives it to clean up.
  const ignore = (): void => {};
  Deno.addSignalListener("SIGINT", ignore);
  try {
    const copy = `${scratch}/package`;
    await copyFolder(root, copy);
    const config = JSON.parse(await Deno.readTextFile(`${copy}/deno.json`));
    const links = keepLinks
      ? await moveLinks(config, copy, scratch)
      : undefined;
    await Deno.writeTextFile(
      `${copy}/deno.json`,
      // A key whose value is undefined is left out.
      JSON.stringify({ ...config, links }, null, 2),
    );
    const command = new Deno.Command(Deno.execPath(), {
      args: keepLinks ? args.slice(1) : args,
      cwd: copy,
    });
    const { code } = await command.spawn().status;
    return code;
  } finally {
    Deno.removeSignalListener("SIGINT", ignore);
    await Deno.remove(scratch, { recursive: true });
  }
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory, isFile } of Deno.readDir(from)) {
    if (LEFT_OUT.has(name)) continue;
    if (isDirectory) await copyFolder(`${from}/${name}`, `${to}/${name}`);
    else if (isFile) await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

/** Copies the linked packages to a folder, and returns their new paths. */
async function moveLinks(
  config: Config,
  copy: string,
  scratch: string,
): Promise<string[]> {
  const moved: string[] = [];
  for (const [i, link] of (config.links ?? []).entries()) {
    await copyFolder(`${copy}/${link}`, `${scratch}/link_${i}`);
    moved.push(`../link_${i}`);
  }
  return moved;
}

if (import.meta.main) {
  Deno.exit(await runUnlinked(Deno.cwd(), Deno.args));
}
