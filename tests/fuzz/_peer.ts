// A program that knows the answers: it lives as long as a test, reads questions
// on stdin, each behind its length, and answers each with a line.
import { AssertionError } from "@std/assert";

/** How a peer is started. */
export interface PeerCommand {
  /** The program. */
  readonly command: string;
  /** Its arguments. */
  readonly args: readonly string[];
}

/** Why a program cannot be run, or undefined where it can. */
export async function whyNot(
  { command, args }: PeerCommand,
): Promise<string | undefined> {
  const name = "run" as const;
  const { state } = await Deno.permissions.query({ name, command });
  if (state !== "granted") return `--allow-run=${command} is not granted`;
  try {
    const { success } = await new Deno.Command(command, {
      args: [...args],
      stdin: "null",
    }).output();
    return success ? undefined : `${command} does not do what is needed`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return `there is no ${command}`;
    throw error;
  }
}

const LENGTH_BYTES = 4;

/** Questions in one piece, each behind its length. */
function framed(questions: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = questions.reduce((sum, { length }) => sum + length, 0);
  const whole = new Uint8Array(bytes + questions.length * LENGTH_BYTES);
  const view = new DataView(whole.buffer);
  let at = 0;
  for (const question of questions) {
    view.setUint32(at, question.length);
    whole.set(question, at + LENGTH_BYTES);
    at += LENGTH_BYTES + question.length;
  }
  return whole;
}

/** A peer that is running. */
export class Peer implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncGenerator<string, void, undefined>;
  /** Each batch waits for the one before, so that answers keep their order. */
  #turn: Promise<unknown> = Promise.resolve();

  /** Starts it. */
  constructor({ command, args }: PeerCommand) {
    this.#process = new Deno.Command(command, {
      args: [...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#writer = this.#process.stdin.getWriter();
    this.#lines = this.#read();
  }

  /** Asks a batch of questions, and resolves with as many answers. */
  ask(questions: readonly Uint8Array[]): Promise<string[]> {
    const asked = this.#turn.then(async () => {
      // Not awaited: a peer that answers amid them would wait to be read.
      const written = this.#writer.write(framed(questions));
      written.catch(() => {/* It has ended, which is what is thrown below. */});
      const answers: string[] = [];
      while (answers.length < questions.length) {
        const { done, value } = await this.#lines.next();
        if (done) throw new AssertionError("the peer ended; see its message");
        answers.push(value);
      }
      await written;
      return answers;
    });
    this.#turn = asked.catch(() => {});
    return asked;
  }

  async *#read(): AsyncGenerator<string, void, undefined> {
    let rest: string[] = [];
    const stdout = this.#process.stdout.pipeThrough(new TextDecoderStream());
    for await (const text of stdout) {
      const lines = text.split("\n");
      rest.push(lines[0]!);
      if (lines.length === 1) continue;
      yield rest.join("");
      yield* lines.slice(1, -1);
      rest = [lines.at(-1)!];
    }
  }

  /** Ends it, and waits until it has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close().catch(() => {/* It has ended by itself. */});
    while (!(await this.#lines.next()).done);
    await this.#process.status;
  }
}
