// The README's table of permissions, and what runs with one of its rows.

const ROOT = new URL("../../", import.meta.url);

/** A row: an adapter, and its flags. */
export interface PermissionRow {
  readonly adapter: string;
  readonly flags: readonly string[];
}

/** Reads the table: rows of a name and flags in code spans, or `none`. */
export function permissionRows(readme: string): PermissionRow[] {
  const section = /^## Permissions\n(.*?)^## /ms.exec(readme)?.[1] ?? "";
  const rows = section.matchAll(/^\| `([^`]+)`(,[^|]*?)? *\|([^|]*)\|/gm);
  return Array.from(rows, ([, name, variant = "", flags]) => ({
    adapter: `${name}${variant}`,
    flags: Array.from(flags!.matchAll(/`(--[^`]+)`/g), ([, flag]) => flag!),
  }));
}

/** The table as it stands. */
export async function readPermissionRows(): Promise<PermissionRow[]> {
  return permissionRows(await Deno.readTextFile(new URL("README.md", ROOT)));
}

/** Uses an adapter with some flags and no others, in a folder with a `logs` in it. */
export async function runWith(
  { adapter, flags }: PermissionRow,
  ...args: readonly string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(`${folder}/logs`);
  try {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        "--no-check",
        "--quiet",
        `--config=${new URL("deno.json", ROOT).pathname}`,
        ...flags,
        // The modules of a thread have to be read where they are files, not from JSR.
        `--allow-read=${ROOT.pathname}`,
        new URL("adapter_program.ts", import.meta.url).pathname,
        adapter,
        ...args,
      ],
      cwd: folder,
      env: { NO_COLOR: "1" },
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, stdout: text(stdout), stderr: text(stderr) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
