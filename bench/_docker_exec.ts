// Running programs, beside the engine's own ways to do so.
import type { LocalDockerBackend } from "../backends/local_docker_backend.ts";
import type { Sandbox } from "../backends/mod.ts";
import { type FoundDocker, USER } from "./_docker_engine.ts";
import {
  interleaved,
  milliseconds,
  spread,
  type Subject,
  timed,
} from "./_docker_rounds.ts";
import { median } from "./_load.ts";
import type { Row } from "./_table.ts";

const RUN_ROUNDS = 150;
const SHELL_ROUNDS = 25;
/** How many commands a shell runs in a round, as small ones come. */
const SHELL_COMMANDS = 20;
const CLI = "docker";

function checkExit(what: string, exitCode: number | null): void {
  if (exitCode !== 0) throw new Error(`${what} ended with ${exitCode}`);
}

/** An exec as dockerode does it: create, start, read to the end, ask how it was. */
function rawExec(
  { docker }: FoundDocker,
  id: string,
  argv: string[],
): Subject {
  const container = docker.getContainer(id);
  return async () => {
    const { ms, value } = await timed(async () => {
      const exec = await container.exec({
        Cmd: argv,
        User: USER,
        AttachStdout: true,
        AttachStderr: true,
      });
      const stream = await exec.start({ hijack: true, stdin: false });
      for await (const _ of stream) { /* Nothing but the reading. */ }
      return await exec.inspect();
    });
    checkExit("dockerode's exec", value.ExitCode);
    return [ms];
  };
}

/** A program run in a sandbox, to dockerode's exec of it. */
export async function runRow(
  found: FoundDocker,
  backend: LocalDockerBackend,
  sandbox: Sandbox,
): Promise<Row> {
  const { ours, raw } = await interleaved(RUN_ROUNDS, {
    async ours() {
      const { ms, value } = await timed(() => backend.run(sandbox, ["true"]));
      checkExit("run", value.exitCode);
      return [ms];
    },
    raw: rawExec(found, sandbox.id, ["true"]),
  });
  return {
    what: 'run(["true"]), to dockerode\'s exec of it',
    measured: `${milliseconds(median(ours))} to ${milliseconds(median(raw))}`,
    ratio: median(ours) / median(raw),
    bound: { most: 1.1 },
  };
}

/** Whether there is a docker command. */
export async function hasCli(): Promise<boolean> {
  try {
    return (await new Deno.Command(CLI, { args: ["--version"] }).output())
      .success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The docker command with some arguments, for the engine that is measured. */
export function cliCommand(
  { host }: FoundDocker,
  args: string[],
): Deno.Command {
  return new Deno.Command(CLI, {
    args,
    ...(host !== undefined && { env: { DOCKER_HOST: host } }),
  });
}

/** The `docker exec` of a command line, as a program of its own. */
function cliExec(found: FoundDocker, id: string): Subject {
  const command = cliCommand(found, ["exec", id, "/bin/true"]);
  return async () => {
    const { ms, value } = await timed(() => command.output());
    const said = new TextDecoder().decode(value.stderr).trim();
    checkExit(`docker exec, which said "${said}",`, value.code);
    return [ms];
  };
}

/** A program run in a shell that is open: its time, and beside an exec. */
export async function shellRows(
  found: FoundDocker,
  backend: LocalDockerBackend,
  sandbox: Sandbox,
): Promise<Row[]> {
  await using shell = await backend.shell(sandbox);
  const isCli = await hasCli();
  const name = isCli ? "`docker exec`" : "dockerode's exec";
  if (!isCli) console.log(`There is no ${CLI} command; ${name} stands for it`);
  const { ours, exec } = await interleaved(SHELL_ROUNDS, {
    async ours() {
      const times: number[] = [];
      for (let n = 0; n < SHELL_COMMANDS; n++) {
        const { ms, value } = await timed(() => shell.run(["/bin/true"]));
        checkExit("the shell's command", value.exitCode);
        times.push(ms);
      }
      return times;
    },
    exec: isCli
      ? cliExec(found, sandbox.id)
      : rawExec(found, sandbox.id, ["/bin/true"]),
  });
  return [{
    what: "shell: `/bin/true`",
    measured: spread(ours),
    ratio: median(ours),
    bound: { most: 3 },
    unit: "ms",
  }, {
    what: `${name} of it, to the shell`,
    measured: `${milliseconds(median(exec))} to ${milliseconds(median(ours))}`,
    ratio: median(exec) / median(ours),
    bound: { least: 20 },
  }];
}
