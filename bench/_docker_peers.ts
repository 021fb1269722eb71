// Launch, exec and clean-up of a sandbox, beside everybody else's of a plain
// container of the same image: the docker command, dockerode, testcontainers.
import type { LocalDockerBackend } from "../backends/local_docker_backend.ts";
import { barChart } from "./_chart.ts";
import {
  type FoundDocker,
  IMAGE,
  type RawDocker,
  SPEC,
  USER,
} from "./_docker_engine.ts";
import { cliCommand, hasCli } from "./_docker_exec.ts";
import { configOf } from "./_docker_launch.ts";
import {
  interleaved,
  milliseconds,
  type Subject,
  timed,
} from "./_docker_rounds.ts";
import { median } from "./_load.ts";
import { Peer } from "./_peer.ts";
import type { Table } from "./_section.ts";

const ROUNDS = 25;
const QUICK_ROUNDS = 3;
const STEPS = ["launch", "exec", "clean-up"] as const;
/** What a container does meanwhile. It minds no signal, so it is killed. */
const COMMAND = ["sleep", "600"];
const ARGV = ["true"];
const CONFIG = {
  Image: IMAGE,
  Cmd: COMMAND,
  User: USER,
  HostConfig: { NetworkMode: "none" },
};

/** Times three steps, the second and third given what the first has made. */
function steps<T>(
  launch: () => Promise<T>,
  exec: (of: T) => Promise<void>,
  cleanUp: (of: T) => Promise<unknown>,
): Subject {
  return async () => {
    const launched = await timed(launch);
    let ran;
    let cleaned;
    try {
      ran = await timed(() => exec(launched.value));
    } finally {
      cleaned = await timed(() => cleanUp(launched.value));
    }
    return [launched.ms, ran.ms, cleaned.ms];
  };
}

function check(what: string, exitCode: number | null): void {
  if (exitCode !== 0) throw new Error(`${what} ended with ${exitCode}`);
}

function ours(backend: LocalDockerBackend): Subject {
  return steps(
    () => backend.launch(SPEC),
    async (sandbox) =>
      check("run", (await backend.run(sandbox, ARGV)).exitCode),
    (sandbox) => backend.destroy(sandbox),
  );
}

function dockerode(docker: RawDocker, config: object): Subject {
  return steps(
    async () => {
      const container = await docker.createContainer(config);
      await container.start();
      return container;
    },
    async (container) => {
      const exec = await container.exec({
        Cmd: ARGV,
        AttachStdout: true,
        AttachStderr: true,
      });
      const stream = await exec.start({ hijack: true, stdin: false });
      for await (const _ of stream) { /* Nothing but the reading. */ }
      check("dockerode's exec", (await exec.inspect()).ExitCode);
    },
    (container) => container.remove({ force: true, v: true }),
  );
}

function cli(found: FoundDocker): Subject {
  const docker = async (...args: string[]) => {
    const { code, stdout, stderr } = await cliCommand(found, args).output();
    const said = new TextDecoder();
    check(`docker, which said "${said.decode(stderr).trim()}",`, code);
    return said.decode(stdout).trim();
  };
  return steps(
    () =>
      docker(
        ...["run", "-d", "--network", "none", "--user", USER],
        ...[IMAGE, ...COMMAND],
      ),
    async (id) => void await docker("exec", id, ...ARGV),
    (id) => docker("rm", "-f", "-v", id),
  );
}

function testcontainers(peer: Peer): Subject {
  const launch = { image: IMAGE, command: COMMAND, user: USER };
  return async () => [
    await peer.ask("launch", launch),
    await peer.ask("exec", { argv: ARGV }),
    await peer.ask("stop"),
  ];
}

/** The table of the peers, and its charts. */
export async function peersTable(
  found: FoundDocker,
  backend: LocalDockerBackend,
  quick: boolean,
): Promise<Table> {
  const peer = Peer.start("testcontainers", {
    TESTCONTAINERS_RYUK_DISABLED: "true",
    ...(found.host !== undefined && { DOCKER_HOST: found.host }),
  });
  await using _ = typeof peer === "string" ? undefined : peer;
  const same = await configOf(found.docker, backend);
  const subjects: Record<string, Subject> = {
    "LocalDockerBackend": ours(backend),
    "dockerode, the same container": dockerode(found.docker, same),
    "dockerode, a plain one": dockerode(found.docker, CONFIG),
    ...(await hasCli() && { "docker command, a plain one": cli(found) }),
    ...(typeof peer !== "string" &&
      { "testcontainers, a plain one": testcontainers(peer) }),
  };
  const seen = await interleaved(quick ? QUICK_ROUNDS : ROUNDS, subjects);
  const of = (name: string, step: number) =>
    median(seen[name]!.filter((_, n) => n % STEPS.length === step));
  const names = Object.keys(subjects);
  const [first] = names as [string];
  const charts = STEPS.map((what, step) => [
    `docker-${what}`,
    barChart(
      `${what}: milliseconds`,
      names.map((label) => ({
        label,
        value: of(label, step),
        text: milliseconds(of(label, step)),
        isOurs: label === first,
      })),
    ),
  ]);
  return {
    title: "LocalDockerBackend beside its peers",
    note:
      `${found.name}. All without a network and as the same user; _plain_ ` +
      "is without the rest of what a sandbox is given: dropped capabilities, " +
      "a read-only root, limits, labels, and the proof of them. " +
      "In brackets: how long ours takes, to it." +
      (typeof peer === "string"
        ? ` Without testcontainers: ${peer}.`
        : " testcontainers runs under Node, without its reaper, whose image " +
          "is a registry's."),
    columns: ["who", ...STEPS],
    rows: names.map((name) => [
      name,
      ...STEPS.map((_, step) => {
        const ms = of(name, step);
        const ratio = (of(first, step) / ms).toFixed(2);
        return `${milliseconds(ms)} (${ratio} ×)`;
      }),
    ]),
    charts: Object.fromEntries(charts),
  };
}
