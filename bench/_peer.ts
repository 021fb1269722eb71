// Peers that run under Node, each in one process of its own, which is asked in
// turn with ours: a line of JSON goes in, one comes out.
const FOLDER = new URL("peers/", import.meta.url);

/** How the peers are had; nothing of it is a dependency of the package. */
export const HOW_TO_INSTALL =
  "cd bench/peers && npm ci --ignore-scripts && npm rebuild better-sqlite3";

/** A peer's name: its program in peers/. */
export type PeerName = "sqlite" | "pino" | "testcontainers";

/** A program under Node that measures itself when asked. */
export class Peer implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<string>;
  #rest = "";

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#input = child.stdin.getWriter();
    this.#output = child.stdout.pipeThrough(new TextDecoderStream())
      .getReader();
  }

  /**
   * Starts a peer.
   *
   * @returns The peer, or why there is none.
   */
  static start(
    name: PeerName,
    env: Record<string, string> = {},
  ): Peer | string {
    try {
      Deno.statSync(new URL("node_modules/", FOLDER));
      const child = new Deno.Command("node", {
        args: [new URL(`${name}.js`, FOLDER).pathname],
        stdin: "piped",
        stdout: "piped",
        env,
      }).spawn();
      return new Peer(child);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return `no node, or no node_modules in bench/peers: ${HOW_TO_INSTALL}`;
    }
  }

  /** Has the peer do something, and gives what it says. */
  async ask<T = number>(op: string, details: object = {}): Promise<T> {
    const line = `${JSON.stringify({ op, ...details })}\n`;
    await this.#input.write(new TextEncoder().encode(line));
    const answer: { value: T; error?: string } = JSON.parse(await this.#line());
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.value;
  }

  async #line(): Promise<string> {
    let end: number;
    while ((end = this.#rest.indexOf("\n")) < 0) {
      const { value, done } = await this.#output.read();
      if (done) throw new Error("a peer ended before it answered");
      this.#rest += value;
    }
    const line = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 1);
    return line;
  }

  /** Lets the peer end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    await this.#output.cancel();
    await this.#child.status;
  }
}

/** Installs the peers with npm, and builds the one that is native. */
export async function installPeers(): Promise<void> {
  for (
    const args of [["ci", "--ignore-scripts"], ["rebuild", "better-sqlite3"]]
  ) {
    const { success } = await new Deno.Command("npm", { args, cwd: FOLDER })
      .spawn().status;
    if (!success) throw new Error(`npm ${args.join(" ")} failed`);
  }
}
