// PostgreSQL's programs: where they are, who runs them, and why none can be run.

/** Where Debian has them, a folder for each major version. */
const DEBIAN = "/usr/lib/postgresql";
/** The programs that make, run and ask a server. */
const NEEDED = ["initdb", "postgres", "pg_basebackup", "pg_isready", "psql"];
/** Who runs the server where root asks for one, whom it refuses. */
const USER = "postgres";

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Debian's folders of programs, the newest version first. */
async function debianFolders(): Promise<string[]> {
  try {
    const versions = await Array.fromAsync(
      Deno.readDir(DEBIAN),
      ({ name }) => name,
    );
    return versions.sort((a, b) => Number(b) - Number(a))
      .map((version) => `${DEBIAN}/${version}/bin`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/**
 * Finds one of PostgreSQL's programs: in `ZU_POSTGRES_BIN` alone if that is set,
 * else the newest of Debian's, else the one in `PATH`.
 *
 * @returns Its path; undefined if there is none.
 */
export async function findProgram(name: string): Promise<string | undefined> {
  const own = Deno.env.get("ZU_POSTGRES_BIN");
  const folders = own !== undefined
    ? [own]
    : [...await debianFolders(), ...(Deno.env.get("PATH") ?? "").split(":")];
  for (const folder of folders) {
    if (await isFile(`${folder}/${name}`)) return `${folder}/${name}`;
  }
  return undefined;
}

/** As {@linkcode findProgram}, and fails if there is none. */
export async function program(name: string): Promise<string> {
  const path = await findProgram(name);
  if (path !== undefined) return path;
  throw new Error(`There is no ${name}: install postgresql`);
}

/** The environment of the programs: what the caller's says of servers is left out. */
export function environment(): { clearEnv: true; env: Record<string, string> } {
  const env: Record<string, string> = { LC_ALL: "C", PGCONNECT_TIMEOUT: "10" };
  for (const name of ["PATH", "TMPDIR"]) {
    const value = Deno.env.get(name);
    if (value !== undefined) env[name] = value;
  }
  return { clearEnv: true, env };
}

/**
 * Runs a program to its end.
 *
 * @param cwd Where; a server's user may not be let into the folder of the tests.
 * @returns What it wrote to stdout, without the last line's end.
 * @throws {Error} With what it wrote to stderr, if it failed.
 */
export async function run(
  [command, ...args]: readonly string[],
  cwd = "/",
): Promise<string> {
  const { success, code, stdout, stderr } = await new Deno.Command(command!, {
    args,
    cwd,
    ...environment(),
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout).trimEnd();
  const said = decoder.decode(stderr).trim() || decoder.decode(stdout).trim();
  throw new Error(
    `${[command, ...args].join(" ")} exited with ${code}: ${said}`,
  );
}

/** What a command is preceded by for the server's user to run it. */
export async function asServer(): Promise<readonly string[]> {
  if (await run(["id", "-u"]) !== "0") return [];
  // It becomes the command, where runuser would stay as its parent.
  return [
    "setpriv",
    `--reuid=${USER}`,
    `--regid=${USER}`,
    "--init-groups",
  ];
}

/** Why no server can be started here; undefined if one can. */
export async function whyNoPostgres(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") {
    return "tests start a PostgreSQL server on Linux alone; ZU_POSTGRES_URL " +
      "tells them of one that runs";
  }
  for (const name of NEEDED) {
    if (await findProgram(name) === undefined) {
      return `there is no ${name}: install postgresql`;
    }
  }
  const folder = Deno.env.get("TMPDIR") ?? "/tmp";
  try {
    // An unknown user is told of here, too, and a setpriv that is not there.
    await run([...await asServer(), "test", "-w", folder, "-a", "-x", folder]);
    return undefined;
  } catch (error) {
    return "the server's user (postgres, where root starts one) cannot be " +
      `become, or has no use of ${folder}: ${(error as Error).message}`;
  }
}

/**
 * Asks a server, with psql.
 *
 * @param url Which one, and which database of it.
 * @param sql One statement, or several that are then one transaction.
 * @returns What it answered: a row a line, `|` between values.
 */
export async function ask(url: string, sql: string): Promise<string> {
  return await run([
    await program("psql"),
    "-XAtq",
    "--set=ON_ERROR_STOP=1",
    `--dbname=${url}`,
    `--command=${sql}`,
  ]);
}
