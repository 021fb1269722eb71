/** A program that is ended by the end of its input, and whose lines are read. */
export class LineProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #read: Promise<void>;
  /** Its exit code, once it has ended. */
  readonly ended: Promise<number>;

  /** Starts it; what it writes to standard error is passed on. */
  constructor(
    program: string,
    args: readonly string[],
    onLine: (line: string) => void,
  ) {
    this.#child = new Deno.Command(program, {
      args: [...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    // That it was killed shows as the end of its output.
    this.#input.closed.catch(() => {});
    this.ended = this.#child.status.then(({ code }) => code);
    this.#read = this.#readLines(onLine);
  }

  /** Its process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Writes to its input. */
  async write(text: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(text));
  }

  async #readLines(onLine: (line: string) => void): Promise<void> {
    let pending = "";
    const text = this.#child.stdout.pipeThrough(new TextDecoderStream());
    for await (const chunk of text) {
      const lines = (pending + chunk).split("\n");
      pending = lines.pop()!;
      for (const line of lines) onLine(line);
    }
  }

  /** Ends its input, and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.ended;
    await this.#read;
  }
}
