// One server for all tests of a process: the one of ZU_POSTGRES_URL, or one that is
// started when a test first needs it.
import { fileURLToPath } from "node:url";
import { ask, findProgram, whyNoPostgres } from "./_programs.ts";

const URL_VARIABLE = "ZU_POSTGRES_URL";
const SCRIPT = fileURLToPath(
  new URL("../../scripts/with_postgres.sh", import.meta.url),
);

/** What with_postgres.sh tells of a server; the environment takes it on from there. */
const VARIABLES = [URL_VARIABLE, "ZU_POSTGRES_TEMPLATE"];

/**
 * Lasts as long as a process, having passed on what it was told. A process that is
 * dead but has not been waited for has no program any more.
 */
const OUTLASTS = `
  printf '%s=%s\\n' ${VARIABLES.map((name) => `${name} "$${name}"`).join(" ")}
  exec >/dev/null 2>&1
  while [ -e "/proc/$1/exe" ]; do sleep 0.3; done
`;

let starting: Promise<string> | undefined;

/** Starts a server that ends by itself when this process has ended, of whatever. */
async function start(): Promise<string> {
  // Started by a shell that ends at once: no test is left with a child of its own.
  const shell = new Deno.Command("sh", {
    args: [
      ...["-c", 'setsid "$@" 2>&1 </dev/null &', "sh"],
      ...[SCRIPT, "sh", "-c", OUTLASTS, "sh", `${Deno.pid}`],
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let said = "";
  const told = new Map<string, string>();
  const decoder = new TextDecoder();
  for await (const chunk of shell.stdout) {
    said += decoder.decode(chunk, { stream: true });
    for (const [, name, value] of said.matchAll(/^(ZU_\w+)=(.*)\n/gm)) {
      told.set(name!, value!);
    }
    if (told.size === VARIABLES.length) break;
  }
  await shell.status;
  const url = told.get(URL_VARIABLE);
  if (url === undefined) throw new Error(`No server could be started: ${said}`);
  // Each file of tests has modules of its own; what they share is the environment.
  for (const [name, value] of told) Deno.env.set(name, value);
  return url;
}

/** Why there is no server, and none can be started; undefined if there can be one. */
export async function whyNoServer(): Promise<string | undefined> {
  const url = Deno.env.get(URL_VARIABLE);
  if (url === undefined) return await whyNoPostgres();
  if (await findProgram("psql") === undefined) {
    return "there is no psql: install postgresql-client";
  }
  try {
    await ask(url, "SELECT 1");
    return undefined;
  } catch (error) {
    return `${URL_VARIABLE} leads nowhere: ${(error as Error).message}`;
  }
}

/**
 * Where the server is, as a superuser. What is started for it is started once in a
 * process, whichever file of tests comes first.
 */
export async function sharedServer(): Promise<string> {
  return Deno.env.get(URL_VARIABLE) ?? await (starting ??= start());
}
