import type { FakeContainer } from "./fake_container.ts";
import type { FakeProcess } from "./fake_process.ts";

/** What a program in a fake container has to do with. */
export interface ProgramIo {
  /** What it reads; ends at once where no input is attached. */
  readonly stdin: AsyncIterable<Uint8Array>;
  /**
   * Writes to standard output; resolves when there was room, so that a program
   * that waits for it feels a slow reader. Rejects once the program is killed.
   */
  stdout(data: Uint8Array | string): Promise<void>;
  /** Writes to standard error, likewise. */
  stderr(data: Uint8Array | string): Promise<void>;
  /** Its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Its user, as it was asked for; empty for the image's own. */
  readonly user: string;
  /** Its working folder. */
  readonly cwd: string;
  /** Where it runs. */
  readonly container: FakeContainer;
  /** Itself. */
  readonly process: FakeProcess;
  /** Aborted when it is killed. Whatever it does after that, nobody sees. */
  readonly killed: AbortSignal;
  /**
   * Takes the signals that a program may take. Without one, a signal kills it,
   * unless it is the container's first process and has no init before it.
   */
  onSignal(handler: (signal: string) => void): void;
  /**
   * Keeps its outputs open after its end, as a child in the background does.
   * Only then may it still write.
   */
  holdOutputs(until: Promise<unknown>): void;
}

/** One program: runs until it resolves with its exit code. */
export type Program = (
  argv: readonly string[],
  io: ProgramIo,
) => Promise<number>;

/**
 * What fake containers can run: takes the argv as the engine got it, and returns
 * undefined, at once, where there is no such executable.
 */
export type Programs = (
  argv: readonly string[],
  io: ProgramIo,
) => Promise<number> | undefined;

/**
 * Programs by their names, as the first word of an argv has them, with or without
 * a folder in front.
 */
export function programsByName(
  programs: Readonly<Record<string, Program>>,
): Programs {
  const byName = new Map(Object.entries(programs));
  return (argv, io) => {
    const name = argv[0] ?? "";
    const program = byName.get(name) ??
      byName.get(name.slice(name.lastIndexOf("/") + 1));
    return program?.(argv, io);
  };
}

/** A few programs that every container has. */
export const BASIC_PROGRAMS: Readonly<Record<string, Program>> = {
  "true": () => Promise.resolve(0),
  "false": () => Promise.resolve(1),
  cat: async (_argv, io) => {
    for await (const bytes of io.stdin) await io.stdout(bytes);
    return 0;
  },
  echo: async (argv, io) => {
    await io.stdout(argv.slice(1).join(" ") + "\n");
    return 0;
  },
  env: async (_argv, io) => {
    for (const [name, value] of Object.entries(io.env)) {
      await io.stdout(`${name}=${value}\n`);
    }
    return 0;
  },
  // However long it is asked to: a fake has no time.
  sleep: () => new Promise(() => {}),
};

/** What a container runs where a test says nothing else. */
export const basicPrograms: Programs = programsByName(BASIC_PROGRAMS);
