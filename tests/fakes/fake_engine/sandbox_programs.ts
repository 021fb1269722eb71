import type { FakeContainer } from "./fake_container.ts";
import type { FakeProcess } from "./fake_process.ts";
import type { Program, ProgramIo, Programs } from "./programs.ts";

/** Options of {@linkcode sandboxPrograms}. */
export interface SandboxProgramsOptions {
  /**
   * Changes what a sandbox says that it looks like from within, a line each.
   * @default {it is guarded as its host configuration says}
   */
  readonly inside?: (lines: string[], container: FakeContainer) => string[];
  /**
   * The users that the image knows, with `uid gid`.
   * @default {none}
   */
  readonly users?: Readonly<Record<string, string>>;
  /**
   * Which processes outlive being killed.
   * @default {none}
   */
  readonly outlives?: (one: FakeProcess) => boolean;
}

/** Two limits that tell which run a process is of. */
interface Tag {
  readonly rss: number;
  readonly locks: number;
}

/** Capabilities that can be added, by their bits. */
const BITS = [
  ["CHOWN", 0],
  ["DAC_OVERRIDE", 1],
  ["FOWNER", 3],
  ["SETGID", 6],
  ["SETUID", 7],
  ["NET_BIND_SERVICE", 10],
] as const;

/**
 * What containers of LocalDockerBackend can run: its own shell scripts, which are
 * known by what is written in them, and the programs of a test, which get to see
 * the argv that the backend was given.
 *
 * @param programs The test's programs.
 * @param options What differs from a sandbox where all is well.
 */
export function sandboxPrograms(
  programs: Programs,
  options: SandboxProgramsOptions = {},
): Programs {
  const tags = new WeakMap<FakeProcess, Tag>();
  const run: Program = async (argv, io) => {
    const code = programs(argv, io);
    if (code !== undefined) return await code;
    await io.stderr(`sh: exec: line 2: ${argv[0]}: not found\n`);
    return 127;
  };
  return (argv, io) => {
    const [shell, option, script = ""] = argv;
    if (!/^(?:\/bin\/)?sh$/.test(shell ?? "") || option !== "-c") {
      return programs(argv, io);
    }
    const tag = /^ulimit -m (\d+) && ulimit -[xw] (\d+) \|\|/.exec(script);
    if (tag !== null) {
      tags.set(io.process, { rss: Number(tag[1]), locks: Number(tag[2]) });
      return run(argv.slice(4), io);
    }
    const end = /^rss=(\d+) locks=(\d+) spared=(\d+) /.exec(script);
    if (end !== null) {
      const [rss, locks, spared] = end.slice(1).map(Number);
      return endRun(io, options, (process) => {
        const tag = tags.get(process);
        return tag !== undefined && process.pid !== spared &&
          tag.rss * 1024 <= rss! && tag.locks <= locks!;
      });
    }
    if (script === "echo zu-here") return sayHere(io);
    if (script.includes("echo zu-ready")) {
      const command = argv.slice(4);
      return start(script, io, options, () => run(command, io));
    }
    return programs(argv, io);
  };
}

/** Shows that a program can still be started. */
async function sayHere(io: ProgramIo): Promise<number> {
  await io.stdout("zu-here\n");
  return 0;
}

/** What a sandbox does from its start, or when it is looked at again. */
async function start(
  script: string,
  io: ProgramIo,
  options: SandboxProgramsOptions,
  command: () => Promise<number>,
): Promise<number> {
  const user = /\[ "\$n" = '([^']+)' \]/.exec(script)?.[1];
  const lines = insideOf(io, options.users?.[user ?? ""]);
  const shown = options.inside?.(lines, io.container) ?? lines;
  await io.stdout(`${[...shown, "zu-ready"].join("\n")}\n`);
  if (!script.includes("zu_leash")) return 0;
  const leash = (async () => {
    for await (const _ of io.stdin);
    return 0;
  })();
  if (!script.includes('exec "$@"')) return await leash;
  // Beside a command, the end of the leash is the end of everything.
  leash.then(() => io.process.kill(), () => {});
  return await command();
}

function insideOf(io: ProgramIo, named: string | undefined): string[] {
  const { hostConfig } = io.container;
  const [uid, gid = "0"] = (io.user || "0:0").split(":");
  const added = hostConfig["CapAdd"];
  const names = Array.isArray(added)
    ? added.map((name) => String(name).replace(/^CAP_/, ""))
    : [];
  const bits = BITS.filter(([name]) => names.includes(name))
    .reduce((sum, [, bit]) => sum + 2 ** bit, 0);
  const security = hostConfig["SecurityOpt"];
  const has = (option: string) =>
    Array.isArray(security) && security.includes(option);
  const { networkOwner } = io.container;
  const hasNetwork = networkOwner.config["NetworkDisabled"] !== true &&
    networkOwner.hostConfig["NetworkMode"] !== "none";
  return [
    "locks x",
    "shell /bin/sh",
    "sleep yes",
    `Uid: ${uid} ${uid} ${uid} ${uid}`,
    `Gid: ${gid} ${gid} ${gid} ${gid}`,
    `CapBnd: ${bits.toString(16).padStart(16, "0")}`,
    `NoNewPrivs: ${has("no-new-privileges") ? 1 : 0}`,
    `Seccomp: ${has("seccomp=unconfined") ? 0 : 2}`,
    `root ${hostConfig["ReadonlyRootfs"] === true ? "ro" : "rw"},relatime`,
    "interface lo",
    ...(hasNetwork ? ["interface eth0"] : []),
    `memory/memory.limit_in_bytes ${hostConfig["Memory"] || 2 ** 62}`,
    `pids/pids.max ${hostConfig["PidsLimit"] ?? "max"}`,
    ...(named === undefined ? [] : [`named ${named}`]),
  ];
}

/** Kills what is of a run, and says how many that were and how many are left. */
async function endRun(
  io: ProgramIo,
  { outlives = () => false }: SandboxProgramsOptions,
  isOfRun: (one: FakeProcess) => boolean,
): Promise<number> {
  const found = io.container.processes.filter(isOfRun);
  const left = found.filter(outlives);
  for (const process of found) if (!left.includes(process)) process.kill();
  await io.stdout(`zu-ended ${found.length - left.length} ${left.length}\n`);
  return 0;
}
