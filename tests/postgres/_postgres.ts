// The real server, for the tests that need one: found or started, or the reason why
// not.
import { ask } from "./_programs.ts";
import { sharedServer, whyNoServer } from "./_shared_server.ts";

/** Set in CI, where a test that is skipped would be one that never runs. */
const isRequired = Deno.env.get("ZU_REQUIRE_POSTGRES") === "1";

/** Why tests with a server cannot run; undefined if they can. */
export const reason: string | undefined = await whyNoServer();

/**
 * Registers a test that needs a server; without one, it is skipped and says why.
 *
 * @param lack Why it cannot run for want of something else, if it cannot.
 */
export function postgresTest(
  name: string,
  fn: () => Promise<void>,
  { lack }: { readonly lack?: string | undefined } = {},
): void {
  const why = reason ?? lack;
  const isSkipped = why !== undefined && !isRequired;
  Deno.test({
    name: isSkipped ? `${name} (skipped: ${why})` : name,
    ignore: isSkipped,
    fn: async () => {
      if (reason !== undefined) {
        throw new Error(`There is no PostgreSQL server: ${reason}`);
      }
      if (lack !== undefined) throw new Error(`It cannot be run: ${lack}`);
      await fn();
    },
  });
}

/**
 * Makes a database on the server that all tests share, and drops it afterwards,
 * whoever is still connected to it.
 *
 * @param fn What uses it: it is told the URL of the database, for a superuser.
 */
export async function withDatabase<Result>(
  fn: (url: string) => Promise<Result>,
): Promise<Result> {
  const server = await sharedServer();
  const name = `zu_test_${crypto.randomUUID().replaceAll("-", "")}`;
  const url = new URL(server);
  url.pathname = `/${name}`;
  // Others may be making theirs, and template1 takes one at a time.
  await ask(server, `CREATE DATABASE ${name} TEMPLATE template0`);
  try {
    return await fn(url.href);
  } finally {
    await ask(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  }
}
