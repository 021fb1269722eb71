import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { eventually } from "./_eventually.ts";
import { processesIn } from "./_guarded_folder.ts";
import { postgresTest } from "./_postgres.ts";
import { ask, run, whyNoPostgres } from "./_programs.ts";
import { PostgresServer } from "./_server.ts";

const lack = await whyNoPostgres();

/** Registers a test that starts a server of its own. */
function serverTest(name: string, fn: () => Promise<void>): void {
  postgresTest(name, fn, { lack });
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** The id of the segment of shared memory that a server has while it runs. */
async function segmentOf({ folder }: PostgresServer): Promise<string> {
  const lines = await Deno.readTextFile(`${folder}/data/postmaster.pid`);
  return lines.split("\n")[6]!.trim().split(/ +/)[1]!;
}

/** The ids of all segments that there are, of whomever. */
async function segments(): Promise<string[]> {
  const lines = (await run(["cat", "/proc/sysvipc/shm"])).split("\n").slice(1);
  return lines.map((line) => line.trim().split(/ +/)[1]!);
}

serverTest(
  "PostgresServer answers at a port and at a socket, and is set up as it was told",
  async () => {
    const settings = { work_mem: "5MB", "zu.said": "it's a \\" };
    await using server = await PostgresServer.start({ settings });
    assertEquals(await server.psql("SHOW work_mem"), "5MB");
    assertEquals(await server.psql('SHOW "zu.said"'), "it's a \\");
    // What is acknowledged is on the disk, in an encoding that has all of Unicode.
    for (const name of ["fsync", "synchronous_commit", "full_page_writes"]) {
      assertEquals(await server.psql(`SHOW ${name}`), "on");
    }
    assertEquals(await server.psql("SELECT 'é€😀', 1"), "é€😀|1");
    const socket = `postgres:///postgres?user=postgres&host=${server.folder}` +
      `&port=${server.port}`;
    const address = "SELECT inet_server_addr() IS NULL";
    assertEquals(await ask(socket, address), "t");
    assertEquals(await server.psql(address), "f");
    assert(await isThere(server.socket));
    await assertRejects(
      () => server.psql("SELECT nonsense"),
      Error,
      "nonsense",
    );

    await server.configure({ work_mem: "6MB" });
    assertEquals(await server.psql("SHOW work_mem"), "6MB");
    await server.psql("CREATE DATABASE other");
    const database = "SELECT current_database()";
    assertEquals(await server.psql(database, "other"), "other");
    assertEquals(await ask(server.url("other"), database), "other");
  },
);

serverTest(
  "PostgresServer comes back from a kill and from a stop with what was committed",
  async () => {
    await using server = await PostgresServer.start();
    const { port } = server;
    await server.psql("CREATE TABLE n (n int)");
    const ends = [
      { end: () => server.kill("SIGKILL"), recovers: true },
      { end: () => server.stop("immediate"), recovers: true },
      { end: () => server.stop("fast"), recovers: false },
    ];
    for (const [i, { end, recovers }] of ends.entries()) {
      await server.psql(`INSERT INTO n VALUES (${i})`);
      await end();
      assertEquals(await server.processes(), []);
      await assertRejects(() => server.psql("SELECT 1"), Error, "refused");
      await Deno.truncate(`${server.folder}/log`);
      await server.start();
      const log = await Deno.readTextFile(`${server.folder}/log`);
      assertEquals(log.includes("automatic recovery in progress"), recovers);
      const found = await server.psql("SELECT max(n), count(*) FROM n");
      assertEquals(found, `${i}|${i + 1}`);
    }
    assertEquals(server.port, port);
  },
);

serverTest(
  "PostgresServer is killed whole, with what its clients have under way",
  async () => {
    await using server = await PostgresServer.start();
    const asked = assertRejects(() => server.psql("SELECT pg_sleep(600)"));
    await eventually("the question", async () => {
      const asking = "SELECT count(*) FROM pg_stat_activity " +
        "WHERE query = 'SELECT pg_sleep(600)'";
      return await server.psql(asking) === "1";
    });
    // All of them hang together, and go on together.
    await server.kill("SIGSTOP");
    const answer = server.psql("SELECT 1");
    for (const pid of await server.processes()) {
      const stat = `/proc/${pid}/stat`;
      await eventually(
        "a process that hangs",
        async () => (await run(["cat", stat])).includes(") T "),
      );
    }
    await server.kill("SIGCONT");
    assertEquals(await answer, "1");

    await server.kill();
    assertEquals(await server.processes(), []);
    await asked;
    await assertRejects(() => server.kill(), Error, "primary does not run");
  },
);

serverTest(
  "PostgresServer has a standby that holds what was acknowledged, and takes over",
  async () => {
    await using primary = await PostgresServer.start();
    await using standby = await primary.standby({ name: "second" });
    await primary.configure({ synchronous_standby_names: "second" });
    await eventually("a standby in step", async () => {
      const state = "SELECT application_name, sync_state " +
        "FROM pg_stat_replication";
      return await primary.psql(state) === "second|sync";
    });
    assertNotEquals(standby.port, primary.port);
    await primary.psql(
      "CREATE TABLE n AS SELECT generate_series(1, 1000) AS n",
    );
    await primary.psql("INSERT INTO n VALUES (1001)");
    await primary.kill("SIGKILL");
    const count = "SELECT count(*), max(n) FROM n";
    await assertRejects(() => standby.psql("INSERT INTO n VALUES (0)"));
    await standby.promote();
    assertEquals(await standby.psql(count), "1001|1001");
    // It waits for no standby of its own.
    await standby.psql("INSERT INTO n VALUES (1002)");
    assertEquals(await standby.psql(count), "1002|1002");
  },
);

serverTest(
  "PostgresServer leaves no process, folder or shared memory, even if it hangs",
  async () => {
    const server = await PostgresServer.start();
    const segment = await segmentOf(server);
    assert((await segments()).includes(segment));
    await server.kill("SIGSTOP");
    // As often as one likes: by hand first, and then by `await using`.
    await server[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    assertEquals(await processesIn(server.folder), []);
    assertEquals(await isThere(server.folder), false);
    assertEquals((await segments()).includes(segment), false);
  },
);

serverTest(
  "PostgresServer says why it does not start, and leaves nothing",
  async () => {
    const settings = { nonsense: "1" };
    const { message } = await assertRejects(
      () => PostgresServer.start({ settings }),
      Error,
      "has ended before it answered",
    );
    assertStringIncludes(message, "nonsense");
    const folder = /"(\/.*)\/data\//.exec(message)![1]!;
    assertEquals(await isThere(folder), false);
  },
);

serverTest(
  "PostgresServer and the shared server end with the process that has started them, when it is killed",
  async () => {
    const { ZU_POSTGRES_URL: _, ZU_POSTGRES_TEMPLATE: __, ...env } = Deno.env
      .toObject();
    const at = (path: string) => new URL(path, import.meta.url).pathname;
    const owner = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-prompt", "--no-lock", "--cached-only", "--no-check"],
        ...[`--config=${at("../../deno.json")}`, "-RWE", "--allow-run"],
        ...["--allow-net", at("owner_program.ts")],
      ],
      clearEnv: true,
      env,
      stdin: "null",
      stdout: "piped",
    }).spawn();
    let said = "";
    const stdout = owner.stdout.pipeThrough(new TextDecoderStream());
    for await (const text of stdout) {
      said += text;
      if (said.split("\n").length === 3) break;
    }
    const [own, shared] = said.split("\n") as [string, string];
    for (const folder of [own, shared]) {
      assertNotEquals(await processesIn(folder), []);
    }
    owner.kill("SIGKILL");
    await owner.status;
    for (const folder of [own, shared]) {
      await eventually(
        "an end without an owner",
        async () =>
          (await processesIn(folder)).length === 0 && !await isThere(folder),
      );
    }
  },
);
