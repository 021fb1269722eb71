import { assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { eventually } from "../postgres/_eventually.ts";
import { processesIn } from "../postgres/_guarded_folder.ts";
import { postgresTest } from "../postgres/_postgres.ts";
import { program, whyNoPostgres } from "../postgres/_programs.ts";

const SCRIPT = fileURLToPath(
  new URL("../../scripts/with_postgres.sh", import.meta.url),
);

const lack = await whyNoPostgres();

/** Registers a test in a folder for temporary files, in which anybody may make some. */
function serverTest(
  name: string,
  fn: (folder: string) => Promise<void>,
): void {
  postgresTest(name, async () => {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.chmod(folder, 0o777);
      await fn(folder);
      assertEquals(await processesIn(folder), []);
      assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }, { lack });
}

/** Starts the script. */
function start(
  folder: string,
  command: string[],
  env: Record<string, string> = {},
): Deno.ChildProcess {
  return new Deno.Command(SCRIPT, {
    args: command,
    env: { TMPDIR: folder, ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function outcomeOf(child: Deno.ChildProcess) {
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

serverTest(
  "with_postgres starts a server for a command, ends it, and exits with the command's code",
  async (folder) => {
    const sql = "SELECT current_setting('fsync'), inet_server_addr(), " +
      "current_setting('unix_socket_directories'), current_user";
    const psql = await program("psql");
    const ask = `"${psql}" -XAtqc "${sql}" "$ZU_POSTGRES_URL"; exit 7`;
    const { code, stdout, stderr } = await outcomeOf(
      start(folder, ["sh", "-c", ask]),
    );
    assertEquals([code, stderr], [7, ""]);
    const [fsync, address, socket, user] = stdout.trimEnd().split("|");
    assertEquals([fsync, address, user], ["on", "127.0.0.1", "postgres"]);
    assertStringIncludes(socket!, folder);
  },
);

serverTest(
  "with_postgres ends the server when it is ended itself, or killed",
  async (folder) => {
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      const command = ["sh", "-c", "echo $$; exec sleep 60"];
      const child = start(folder, command);
      const stdout = child.stdout.pipeThrough(new TextDecoderStream())
        .getReader();
      const pid = Number((await stdout.read()).value);
      child.kill(signal);
      assertEquals((await child.status).signal, signal);
      const isEmpty = async () =>
        (await Array.fromAsync(Deno.readDir(folder))).length === 0;
      // Who is killed cannot wait for it.
      if (signal === "SIGKILL") await eventually("an end", isEmpty);
      assertEquals(await isEmpty(), true);
      // The command is for whoever has started both.
      Deno.kill(pid);
      await Promise.all([stdout.cancel(), child.stderr.cancel()]);
    }
  },
);

/** Puts a server's programs into a folder, one of them replaced by a script. */
async function programsWith(folder: string, script: string): Promise<string> {
  const bin = await Deno.makeTempDir({ dir: folder });
  await Deno.chmod(bin, 0o755);
  for (const name of ["initdb", "pg_isready"]) {
    // initdb looks for the server beside itself, wherever a link to it is.
    await Deno.symlink(await program(name), `${bin}/${name}`);
  }
  const postgres = `#!/bin/sh\n${script}\n`;
  await Deno.writeTextFile(`${bin}/postgres`, postgres, { mode: 0o755 });
  return bin;
}

for (
  const { how, script, timeoutS, says } of [{
    how: "ends",
    script: "echo the reason; exit 1",
    timeoutS: 60,
    says: "the server has ended before it answered; it said:\nthe reason\n",
  }, {
    how: "never answers",
    script: "echo the reason; exec sleep 600",
    timeoutS: 1,
    says: "the server does not answer within 1 s; it said:\nthe reason\n",
  }]
) {
  serverTest(
    `with_postgres runs nothing where the server ${how}, and shows its log`,
    async (folder) => {
      const bin = await programsWith(folder, script);
      const env = {
        ZU_POSTGRES_BIN: bin,
        POSTGRES_TIMEOUT_S: `${timeoutS}`,
      };
      const outcome = await outcomeOf(start(folder, ["echo", "no"], env));
      assertEquals(outcome, {
        code: 1,
        stdout: "",
        stderr: `with_postgres: ${says}`,
      });
      await Deno.remove(bin, { recursive: true });
    },
  );
}

serverTest(
  "with_postgres runs nothing where there are no programs of a server",
  async (folder) => {
    const env = { ZU_POSTGRES_BIN: folder };
    const { code, stdout, stderr } = await outcomeOf(
      start(folder, ["echo", "no"], env),
    );
    assertEquals([code, stdout], [1, ""]);
    assertStringIncludes(stderr, `there is no postgres in ${folder}`);
  },
);
