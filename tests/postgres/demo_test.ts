import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { verifyLog } from "@zu/backends/sinks";
import { JsonlSink } from "@zu/backends/sinks/jsonl";
import { PostgresSink } from "@zu/backends/sinks/postgres";
import {
  inFolder,
  namedFolder,
  type Outcome,
  readKeys,
  run,
  SAMPLE_EVENTS,
} from "../examples/demo/_run_demo.ts";
import { postgresTest, withDatabase } from "./_postgres.ts";
import { ask } from "./_programs.ts";

const SCHEMAS = "SELECT nspname FROM pg_namespace " +
  "WHERE nspname LIKE 'demo%' ORDER BY 1";

postgresTest(
  "demo keeps its log on a PostgreSQL server, and finds every edit there",
  async () => {
    await withDatabase(async (url) => {
      await inFolder(async (cwd) => {
        const { code, stdout, stderr } = await run(
          cwd,
          "--no-sandbox",
          "--repeat=2",
          `--sink=${url}`,
        );
        assertEquals([code, stderr], [0, ""], stdout);
        const schema = /^The log is in the schema (demo_\w+) of /m
          .exec(stdout)![1]!;
        for (
          const part of [
            "Storage: PostgreSQL ",
            "synchronous_commit on",
            `${schema}_edited_column: seq `,
            "column_mismatch",
            "unreadable_row",
            "broken_link",
            "cut_tail",
            `DROP SCHEMA ${schema} CASCADE;`,
          ]
        ) assertStringIncludes(stdout, part);
        assertEquals(stdout.match(/^ {2}ok {2}/gm)?.length, 9);
        assert(!stdout.includes("FAILED"), stdout);

        // What was edited is gone, and the log is there, with its copy.
        assertEquals(await ask(url, SCHEMAS), schema);
        const folder = namedFolder(cwd, stdout);
        const { codec, signKey: key } = await readKeys(folder);
        const options = { schema, codec, readOnly: true };
        await using log = await PostgresSink.open(url, options);
        await using copy = new JsonlSink(`${folder}/run.jsonl`);
        for (const sink of [log, copy]) {
          const { events, violations } = await verifyLog(sink, { key });
          assertEquals([events, violations], [2 * SAMPLE_EVENTS, []]);
        }
      });
    });
  },
);

/** Runs the demo to its failure, and returns what it says of that, a line. */
async function failure(
  sink: string,
  expected: Pick<Outcome, "code"> & Partial<Outcome>,
): Promise<string> {
  let line = "";
  await inFolder(async (cwd) => {
    const outcome = await run(cwd, "--no-sandbox", "--sink", sink);
    assertEquals({ ...outcome, ...expected }, outcome);
    const [first, ...rest] = outcome.stderr.trimEnd().split("\n");
    line = first!;
    // Behind a wrong flag stands where to read about them.
    const help = outcome.code === 2 ? ["See deno task demo --help"] : [];
    assertEquals(rest, help);
    assert(!outcome.stderr.includes("secret"), outcome.stderr);
    const left = await Array.fromAsync(Deno.readDir(cwd));
    assertEquals(left.length, outcome.stdout === "" ? 0 : 1);
  });
  return line;
}

Deno.test("demo says in a line why it does not reach a server, and leaves nothing", async () => {
  const who = "postgres://someone:secret@";
  const cases: [sink: string, code: number, part: string][] = [
    [`${who}127.0.0.1:1/x`, 1, "see whether the server is up"],
    [`${who}127.0.0.1:port/x`, 2, "the URL cannot be read"],
    ["mysql://someone:secret@127.0.0.1/x", 2, "begins with postgres://"],
  ];
  for (const [sink, code, part] of cases) {
    const line = await failure(sink, { code, stdout: "" });
    assert(line.startsWith("error: "), line);
    assertStringIncludes(line, part);
  }
});

postgresTest("demo says in a line what a role lacks", async () => {
  await withDatabase(async (url) => {
    const role = `zu_${crypto.randomUUID().replaceAll("-", "")}`;
    await ask(url, `CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
    try {
      const powerless = new URL(url);
      [powerless.username, powerless.password] = [role, "secret"];
      const line = await failure(powerless.href, { code: 1 });
      assertStringIncludes(line, "grant the role what it lacks");
      assertEquals(await ask(url, SCHEMAS), "");
    } finally {
      await ask(url, `DROP ROLE ${role}`);
    }
  });
});
