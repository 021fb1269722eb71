import type {
  LocalDockerBackend,
} from "../../backends/local_docker_backend.ts";
import type { Sandbox } from "../../backends/sandbox_backend.ts";
import type { SandboxShell } from "../../backends/sandbox_shell.ts";
import {
  COMMAND_TIMEOUT_MS,
  type Place,
  type Ran,
  type RunInPlace,
} from "./place.ts";

import type { Arrival } from "./witness.ts";

/** What there is of a network, and whether the host that is allowed answers. */
const LOOK = `
tail -n +3 /proc/net/dev | cut -d: -f1
tail -n +2 /proc/net/route
grep -sv ' lo$' /proc/net/ipv6_route
ls /sys/class/net
timeout 5 wget -q -O /dev/null "$1" || echo "$1 is not reached"`;

const STILL_THERE = "still-there";

/** A sandbox as the place of an attacker. */
export class SandboxPlace implements Place {
  readonly kind = "sandbox";
  readonly sandbox: Sandbox;
  readonly #backend: LocalDockerBackend;
  readonly #allowed: string;
  #shell: SandboxShell | undefined;

  /**
   * Takes a sandbox.
   *
   * @param allowed A host that it may reach, by plain HTTP.
   */
  constructor(backend: LocalDockerBackend, sandbox: Sandbox, allowed: string) {
    this.#backend = backend;
    this.sandbox = sandbox;
    this.#allowed = allowed;
  }

  async run(argv: readonly string[], options: RunInPlace = {}): Promise<Ran> {
    const { stdin, user, timeoutMs = COMMAND_TIMEOUT_MS } = options;
    // A shell that is open takes a command in no time, but gives it nothing to read.
    const result = stdin === undefined && user === undefined
      ? await (await this.#openShell()).run(argv, { timeoutMs })
      : await this.#backend.run(this.sandbox, argv, {
        timeoutMs,
        ...(stdin !== undefined && { stdin }),
        ...(user !== undefined && { user }),
      });
    const { exitCode, outcome, stdout, stderr, durationMs } = result;
    const decoder = new TextDecoder();
    const ending = outcome === "exited" ? "" : `\n(${outcome})`;
    return {
      code: exitCode,
      output: decoder.decode(stdout) + decoder.decode(stderr) + ending,
      durationMs,
    };
  }

  /** The shell, or another one if an attack has ended it. */
  async #openShell(): Promise<SandboxShell> {
    if (this.#shell === undefined || this.#shell.isClosed) {
      this.#shell = await this.#backend.shell(this.sandbox);
    }
    return this.#shell;
  }

  /**
   * Looks whether it has nothing but loopback, and no way to anywhere; and whether
   * the allowed host answers all the same.
   *
   * @throws {Error} If not. Then nothing may be tried from there.
   */
  async look(): Promise<void> {
    const url = `http://${this.#allowed}/${STILL_THERE}`;
    const { output } = await this.run(["sh", "-c", LOOK, "sh", url]);
    const found = output.trim().split("\n").map((line) => line.trim());
    if (found.join() === "lo,lo") return;
    throw new Error(
      `It should have lo alone and no route: ${found.join("; ")}`,
    );
  }

  /** Whether something came in because of a look. */
  isOfLook({ kind, text }: Arrival): boolean {
    return kind === "open" || kind === "close" || text.includes(STILL_THERE) ||
      (kind === "query" && text === this.#allowed);
  }
}
