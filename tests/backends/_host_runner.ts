import type {
  RunOutcome,
  RunStatus,
  SandboxProcess,
} from "../../backends/run_result.ts";
import {
  type FilesRunner,
  SandboxFiles,
} from "../../backends/sandbox_files.ts";

/** Which programs stand in for those of a sandbox. */
export interface Tools {
  /** What they are, for the names of tests. */
  readonly name: string;
  /** Why they cannot be used here, if they cannot. */
  readonly missing: string | undefined;
  /** Makes a folder that has them and nothing else. */
  readonly install: (folder: string) => Promise<void>;
}

const NAMES = [
  ..."cat chmod ls mkdir mv readlink rm rmdir stat tar".split(" "),
  // For the tests themselves.
  ..."dd ln mkfifo sleep".split(" "),
];

function find(name: string): string | undefined {
  for (const folder of ["/usr/bin", "/bin"]) {
    try {
      if (Deno.statSync(`${folder}/${name}`).isFile) return `${folder}/${name}`;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return undefined;
}

const busybox = find("busybox");

/** BusyBox, as in small images. */
export const BUSYBOX: Tools = {
  name: "BusyBox",
  missing: busybox === undefined ? "there is no busybox here" : undefined,
  async install(folder) {
    for (const name of ["sh", ...NAMES]) {
      await Deno.symlink(busybox!, `${folder}/${name}`);
    }
  },
};

const missing = ["sh", ...NAMES].filter((name) => find(name) === undefined);

/** What the machine itself has: GNU's, where the tests are usually run. */
export const SYSTEM: Tools = {
  name: "the system's tools",
  missing: missing.length > 0 ? `there is no ${missing[0]} here` : undefined,
  async install(folder) {
    for (const name of ["sh", ...NAMES]) {
      await Deno.symlink(find(name)!, `${folder}/${name}`);
    }
  },
};

/** Behaviour that a runner over an engine may show, and this one on demand. */
export interface Quirks {
  /** Ends a program's input before it ends the program, and lets it go on. */
  eofBeforeKill?: boolean;
  /** Is told of each program that is started, and may replace it. */
  onStart?: (argv: readonly string[]) => readonly string[] | undefined;
}

/**
 * Runs programs on this machine as if it were a sandbox. Not a sandbox at all: a
 * double for the tests, whose paths are in a temporary folder.
 */
export class HostRunner implements FilesRunner {
  /** Programs that have been started. */
  started = 0;
  /** Programs that have not ended. */
  running = 0;
  readonly #bin: string;
  readonly #quirks: Quirks;

  constructor(bin: string, quirks: Quirks = {}) {
    this.#bin = bin;
    this.#quirks = quirks;
  }

  run: FilesRunner["run"] = async (argv, options = {}) => {
    const { stdin, stdoutMax = 10 * 1024 * 1024, ...rest } = options;
    await using process = await this.spawn(argv, rest);
    const input = stdin instanceof ReadableStream
      ? stdin
      : ReadableStream.from(stdin === undefined ? [] : [stdin]);
    const [stdout, stderr] = await Promise.all([
      new Response(process.stdout).bytes(),
      new Response(process.stderr).bytes(),
      input.pipeTo(process.stdin).catch(() => {}),
    ]);
    const kept = stdout.slice(0, stdoutMax);
    const dropped = { stdout: stdout.length - kept.length, stderr: 0 };
    return { ...await process.status, stdout: kept, stderr, dropped };
  };

  spawn: FilesRunner["spawn"] = (argv, options = {}) => {
    const [program, ...args] = this.#quirks.onStart?.(argv) ?? argv;
    const { signal, timeoutMs } = options;
    signal?.throwIfAborted();
    const startedMs = performance.now();
    const child = new Deno.Command(`${this.#bin}/${program}`, {
      args,
      clearEnv: true,
      env: { PATH: this.#bin },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.started++;
    this.running++;
    let why: RunOutcome = "exited";
    const stdin = inputOf(child.stdin);
    const end = async (outcome: RunOutcome) => {
      if (why !== "exited") return;
      why = outcome;
      if (this.#quirks.eofBeforeKill) {
        await stdin.end();
        await child.status;
      }
      try {
        child.kill("SIGKILL");
      } catch (error) {
        // It has ended by itself.
        if (!(error instanceof TypeError)) throw error;
      }
    };
    const abort = () => void end("aborted");
    signal?.addEventListener("abort", abort);
    const timer = timeoutMs === undefined
      ? undefined
      : setTimeout(() => void end("timeout"), timeoutMs);
    const status = child.status.then(async ({ code }): Promise<RunStatus> => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      await stdin.end();
      this.running--;
      return {
        outcome: why,
        exitCode: why === "exited" ? code : null,
        signal: null,
        cleanup: "none",
        survivors: 0,
        durationMs: performance.now() - startedMs,
      };
    });
    const kill = () => {
      void end("aborted");
      return status;
    };
    const process: SandboxProcess = {
      stdin: stdin.writable,
      stdout: child.stdout,
      stderr: child.stderr,
      status,
      kill,
      [Symbol.asyncDispose]: async () => {
        await kill();
        await Promise.all([drop(child.stdout), drop(child.stderr)]);
      },
    };
    return Promise.resolve(process);
  };
}

/** A pipe that can be closed from both ends, whoever else holds it. */
function inputOf(pipe: WritableStream<Uint8Array>) {
  const writer = pipe.getWriter();
  const closing = Promise.withResolvers<void>();
  writer.closed.catch(() => {}).finally(closing.resolve);
  const end = async () => {
    await writer.close().catch(() => {});
    await closing.promise;
  };
  const writable = new WritableStream<Uint8Array>({
    write: (bytes) => writer.write(bytes),
    close: end,
    abort: end,
  });
  return { writable, end };
}

async function drop(stream: ReadableStream<Uint8Array>): Promise<void> {
  if (!stream.locked) await stream.cancel();
}

/** What a test of files gets. */
export interface FilesFixture {
  /** The files of what stands in for a sandbox. */
  readonly files: SandboxFiles;
  /** Its one writable folder: a path of the host, too. */
  readonly home: string;
  /** A folder of the host. */
  readonly host: string;
  /** Where its programs are. */
  readonly bin: string;
  /** What runs them. */
  readonly runner: HostRunner;
}

/**
 * Runs a test on the files of a double of a sandbox, and sees to it that no
 * program of it is left.
 */
export async function withFiles(
  tools: Tools,
  test: (fixture: FilesFixture) => Promise<void>,
  quirks?: Quirks,
): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  const [home, host, bin] = ["home", "host", "bin"].map((name) =>
    `${folder}/${name}`
  ) as [string, string, string];
  try {
    for (const each of [home, host, bin]) await Deno.mkdir(each);
    await tools.install(bin);
    const runner = new HostRunner(bin, quirks);
    await test({ files: new SandboxFiles(runner), home, host, bin, runner });
    if (runner.running > 0) {
      throw new Error(`${runner.running} programs run on`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Names a test for each kind of tools, and skips those that are not there. */
export function testEach(
  name: string,
  test: (fixture: FilesFixture) => Promise<void>,
  quirks?: Quirks,
): void {
  for (const tools of [BUSYBOX, SYSTEM]) {
    Deno.test({
      name: tools.missing === undefined
        ? `${name} (${tools.name})`
        : `${name} (skipped: ${tools.missing})`,
      ignore: tools.missing !== undefined,
      fn: () => withFiles(tools, test, quirks),
    });
  }
}
