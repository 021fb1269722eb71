// A server's folder, of which nothing stays: not when its owner is killed, either.
import { fileURLToPath } from "node:url";
import { asServer, environment, run } from "./_programs.ts";

const GUARD = fileURLToPath(
  new URL("../../scripts/guard_postgres.sh", import.meta.url),
);

/**
 * A temporary folder that belongs to the server's user. When it is disposed of, or
 * its owner dies of whatever, the processes at work in it are killed and it is
 * removed: by a guard, a process of its own that waits for its stdin to end.
 */
export class GuardedFolder implements AsyncDisposable {
  /** Where it is. */
  readonly path: string;
  readonly #as: readonly string[];
  readonly #guard: Deno.ChildProcess;
  #removed: Promise<void> | undefined;

  private constructor(path: string, as: readonly string[]) {
    this.path = path;
    this.#as = as;
    // In a session of its own: Ctrl-C is for the tests, which then let go of it.
    this.#guard = new Deno.Command("setsid", {
      args: ["sh", GUARD, path, ...as],
      cwd: "/",
      ...environment(),
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
  }

  /** Makes one. */
  static async make(): Promise<GuardedFolder> {
    const as = await asServer();
    const base = Deno.env.get("TMPDIR") ?? "/tmp";
    // Made by whom it is to belong to, which takes no second step in which to fail.
    const path = await run([
      ...as,
      "mktemp",
      "-d",
      `${base}/zu_postgres_XXXXXX`,
    ]);
    return new GuardedFolder(path, as);
  }

  /** The command for a program to be run by the server's user. */
  command(...command: readonly string[]): string[] {
    return [...this.#as, ...command];
  }

  /** The processes at work in it, oldest numbers first. */
  async processes(): Promise<number[]> {
    return await processesIn(this.path);
  }

  /** Kills what is at work in it, and removes it; returns when nothing is left. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#removed ??= this.#remove();
  }

  async #remove(): Promise<void> {
    await this.#guard.stdin.close();
    const { success, code } = await this.#guard.status;
    if (!success) {
      throw new Error(`The guard of ${this.path} exited with ${code}`);
    }
  }
}

/** The processes at work in a folder: that is, with their working directory there. */
export async function processesIn(folder: string): Promise<number[]> {
  const [command, ...args] = [
    ...await asServer(),
    ...["find", "/proc", "-mindepth", "2", "-maxdepth", "2", "-name", "cwd"],
    ...["(", "-lname", folder, "-o", "-lname", `${folder}/*`, ")"],
    ...["-printf", "%h\n"],
  ];
  // It fails by what ends while it looks, and by what it may not look at.
  const { stdout } = await new Deno.Command(command!, {
    args,
    cwd: "/",
    stdin: "null",
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout).trim().split("\n")
    .filter((line) => line !== "")
    .map((line) => Number(line.slice("/proc/".length)))
    .sort((a, b) => a - b);
}
