import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { fileURLToPath } from "node:url";
import { eventually } from "./_eventually.ts";
import { postgresTest, withDatabase } from "./_postgres.ts";
import { ask } from "./_programs.ts";
import { sharedServer } from "./_shared_server.ts";

const DATABASE = "SELECT current_database()";

/** Asks the shared server how many databases there are of a name. */
async function countDatabases(name: string): Promise<string> {
  const sql = `SELECT count(*) FROM pg_database WHERE datname = '${name}'`;
  return await ask(await sharedServer(), sql);
}

postgresTest(
  "withDatabase makes a database for what it runs, and drops it",
  async () => {
    const names = await Promise.all(
      ["1", "2"].map((n) =>
        withDatabase(async (url) => {
          await ask(url, `CREATE TABLE t AS SELECT ${n} AS n`);
          assertEquals(await ask(url, "SELECT n FROM t"), n);
          return await ask(url, DATABASE);
        })
      ),
    );
    assertEquals(new Set(names).size, 2);
    for (const name of names) assertEquals(await countDatabases(name), "0");
  },
);

postgresTest(
  "withDatabase drops a database that is in use, and passes on what went wrong",
  async () => {
    let name = "";
    let asked: Promise<unknown> = Promise.resolve();
    const wrong = new Error("wrong");
    const caught = await assertRejects(() =>
      withDatabase(async (url) => {
        name = await ask(url, DATABASE);
        asked = assertRejects(
          () => ask(url, "SELECT pg_sleep(600)"),
          Error,
          "terminating connection",
        );
        await eventually("the question", async () => {
          const asking = "SELECT count(*) FROM pg_stat_activity " +
            `WHERE datname = '${name}' AND query = 'SELECT pg_sleep(600)'`;
          return await ask(await sharedServer(), asking) === "1";
        });
        throw wrong;
      })
    );
    assertEquals(caught, wrong);
    await asked;
    assertEquals(await countDatabases(name), "0");
  },
);

postgresTest(
  "sharedServer is one server, however often it is asked for",
  async () => {
    const url = await sharedServer();
    assertEquals(await sharedServer(), url);
    // So is it for other files of tests, and for programs that tests start.
    assertEquals(Deno.env.get("ZU_POSTGRES_URL"), url);
  },
);

/** Runs the file with one test, and returns what came of it. */
async function runTest(env: Record<string, string>) {
  const { ZU_POSTGRES_URL: _, ZU_REQUIRE_POSTGRES: __, ...rest } = Deno.env
    .toObject();
  const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["test", "--no-prompt", "--no-lock", "--cached-only", "--no-check"],
      ...[`--config=${at("../../deno.json")}`, "-RWE", "--allow-run"],
      ...["--allow-net", at("one_test_program.ts")],
    ],
    clearEnv: true,
    env: { ...rest, NO_COLOR: "1", ...env },
    stdin: "null",
    stderr: "null",
  }).output();
  return { code, said: new TextDecoder().decode(stdout) };
}

/** A folder without a program, and a URL without a server. */
const ZU_POSTGRES_BIN = "/nowhere";
const ZU_POSTGRES_URL = "postgres://postgres@127.0.0.1:1/postgres";

Deno.test("postgresTest skips a test without a server, and says why", async () => {
  for (const env of [{ ZU_POSTGRES_BIN }, { ZU_POSTGRES_URL }]) {
    const { code, said } = await runTest(env);
    assertEquals(code, 0, said);
    assertStringIncludes(said, "1 ignored");
    // Why depends on the system, and on which programs there are.
    assertMatch(said, /^it \(skipped: .*(psql|initdb|ZU_POSTGRES_URL)/m);
  }
});

Deno.test("postgresTest fails without a server where one is required", async () => {
  const env = { ZU_POSTGRES_BIN, ZU_REQUIRE_POSTGRES: "1" };
  const { code, said } = await runTest(env);
  assertEquals(code, 1, said);
  assertStringIncludes(said, "There is no PostgreSQL server: ");
});
