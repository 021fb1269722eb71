import { assertEquals } from "@std/assert";
import type { Acknowledged } from "./_ledger.ts";
import type { Variant } from "./_variant.ts";

/** A program and its arguments. */
export interface ProgramCommand {
  readonly command: string;
  readonly args: string[];
}

/** The command that runs a program of this folder. */
export function programCommand(
  program: string,
  args: readonly string[],
): ProgramCommand {
  const at = (path: string) => new URL(path, import.meta.url).pathname;
  return {
    command: Deno.execPath(),
    args: [
      "run",
      "--no-prompt",
      "--no-lock",
      "--cached-only",
      "--no-check",
      `--config=${at("../../deno.json")}`,
      "-RWE",
      "--allow-ffi",
      at(program),
      ...args,
    ],
  };
}

/** How a child is started. */
export interface ChildOptions {
  /** The log's path. */
  readonly path: string;
  /** How the log is kept. */
  readonly variant: Variant;
  /** What its events are drawn from. */
  readonly seed: number;
  /** Whether it opens the log over and over, or once. */
  readonly life: "sessions" | "one";
  /** A program and its arguments that run the child, such as a tracer. */
  readonly under?: readonly string[];
}

function appendingCommand(
  { path, variant, seed, life, under = [] }: ChildOptions,
): ProgramCommand {
  const program = programCommand("./appending_program.ts", [
    path,
    JSON.stringify(variant),
    String(seed),
    life,
  ]);
  const [command, ...args] = [...under, program.command, ...program.args];
  return { command: command!, args };
}

/** A process that appends, as its parent sees it. */
export class Child {
  /** What it has acknowledged so far. */
  readonly acknowledged: Acknowledged[] = [];
  /** What it wrote to stderr until its end. */
  readonly stderr: Promise<string>;
  /** What it was about to do when it was last heard of. */
  doing = "starting";
  readonly #process: Deno.ChildProcess;
  readonly #said = new Map<string, number>();
  readonly #heard: Promise<void>;
  #waiting: { what: string; count: number; resolve: () => void }[] = [];
  #isSilent = false;

  /** Starts appending_program.ts, or another program that speaks as it does. */
  constructor(options: ChildOptions | ProgramCommand) {
    const { command, args } = "command" in options
      ? options
      : appendingCommand(options);
    this.#process = new Deno.Command(command, {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.stderr = new Response(this.#process.stderr).text();
    this.#heard = this.#listen();
  }

  async #listen(): Promise<void> {
    let rest = "";
    const stdout = this.#process.stdout.pipeThrough(new TextDecoderStream());
    for await (const text of stdout) {
      const lines = (rest + text).split("\n");
      // What lacks its newline was cut by the kill, and was not said.
      rest = lines.pop()!;
      for (const line of lines) this.#hear(line);
    }
    this.#isSilent = true;
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  #hear(line: string): void {
    const [kind, what, seq, hash] = line.split(" ") as [
      string,
      string,
      string,
      string,
    ];
    if (kind === "ack") {
      this.acknowledged.push({ id: what, seq: Number(seq), hash });
      // What is acknowledged behind a rotation was written behind it.
      if (this.doing === "rotating") this.doing = "appending";
    } else this.doing = what;
    const key = kind === "ack" ? "ack" : what;
    const count = (this.#said.get(key) ?? 0) + 1;
    this.#said.set(key, count);
    this.#waiting = this.#waiting.filter((wait) => {
      if (wait.what !== key || wait.count > count) return true;
      wait.resolve();
      return false;
    });
  }

  /** How often it has said something, `ack` among it. */
  count(what: string): number {
    return this.#said.get(what) ?? 0;
  }

  /** Resolves when it has said something so many times, or has ended. */
  reached(what: string, count: number): Promise<void> {
    if (this.#isSilent || this.count(what) >= count) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ what, count, resolve });
    return promise;
  }

  /** Ends it by SIGKILL, which must be what it ended by. */
  async kill(): Promise<void> {
    if (!this.#isSilent) this.#process.kill("SIGKILL");
    await this.#heard;
    const { signal } = await this.#process.status;
    await this.#process.stdin.close().catch(() => {/* The pipe has broken. */});
    assertEquals(signal, "SIGKILL", await this.stderr);
  }

  /** Lets it finish and end by itself. */
  async stop(): Promise<void> {
    await this.#process.stdin.close();
    await this.#heard;
    const { code } = await this.#process.status;
    assertEquals(code, 0, await this.stderr);
  }
}
