// A server's data before it first runs: made anew, or a copy of another's.
import type { GuardedFolder } from "./_guarded_folder.ts";
import { program, run } from "./_programs.ts";

/** Settings, by their names in postgresql.conf. */
export type Settings = Readonly<Record<string, string>>;

/** Where a server has its data. */
export function dataOf({ path }: GuardedFolder): string {
  return `${path}/data`;
}

/** Makes the data of a server that has had no other before. */
export async function makeData(folder: GuardedFolder): Promise<void> {
  // What with_postgres.sh has made once need not be made by everybody.
  const template = Deno.env.get("ZU_POSTGRES_TEMPLATE");
  const command = template !== undefined
    ? ["cp", "-a", template, dataOf(folder)]
    : [
      await program("initdb"),
      ...["--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"],
      ...["--username=postgres", `--pgdata=${dataOf(folder)}`],
    ];
  await run(folder.command(...command), folder.path);
}

/** Makes the data of a standby, of what its primary has. */
export async function copyData(
  folder: GuardedFolder,
  primary: string,
): Promise<void> {
  const command = [
    await program("pg_basebackup"),
    ...["--write-recovery-conf", "--checkpoint=fast", "--no-sync"],
    ...[`--dbname=${primary}`, `--pgdata=${dataOf(folder)}`],
  ];
  await run(folder.command(...command), folder.path);
}

/**
 * Adds settings where ALTER SYSTEM has them. They are stronger there than in
 * postgresql.conf, and the last of a name counts: a copy may have one already.
 */
export async function writeSettings(
  folder: GuardedFolder,
  settings: Settings,
): Promise<void> {
  const lines = Object.entries(settings).map(([name, value]) =>
    `${name} = '${value.replaceAll("\\", "\\\\").replaceAll("'", "''")}'\n`
  );
  const path = `${dataOf(folder)}/postgresql.auto.conf`;
  await Deno.writeTextFile(path, lines.join(""), { append: true });
}
