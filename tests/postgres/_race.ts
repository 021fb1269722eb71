import { assertEquals } from "@std/assert";
import { type Event, serializeEvent } from "../../sinks/mod.ts";
import { networkedCommand } from "./_child.ts";

/** What an `appendAll` came to: places and digests, or code and message of the error. */
export type Outcome = readonly (readonly [number, string])[] | string;

/** A process that appends what it is told to. */
class Racer {
  readonly #process: Deno.ChildProcess;
  readonly #stderr: Promise<string>;
  readonly #lines: ReadableStreamDefaultReader<string>;
  #rest = "";

  constructor(url: string) {
    const { command, args } = networkedCommand("racing_program.ts", [url]);
    this.#process = new Deno.Command(command, {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stderr = new Response(this.#process.stderr).text();
    this.#lines = this.#process.stdout.pipeThrough(new TextDecoderStream())
      .getReader();
  }

  async ready(): Promise<void> {
    const { value = "" } = await this.#lines.read();
    this.#rest = value.replace("ready\n", "");
  }

  /** Has it append, and end. */
  async append(batches: readonly (readonly Event[])[]): Promise<Outcome[]> {
    const lines = batches.map((events) =>
      `${JSON.stringify(events.map(serializeEvent))}\n`
    );
    const stdin = this.#process.stdin.getWriter();
    await stdin.write(new TextEncoder().encode(lines.join("")));
    await stdin.close();
    for (;;) {
      const { value, done } = await this.#lines.read();
      if (done) break;
      this.#rest += value;
    }
    const { code } = await this.#process.status;
    assertEquals(code, 0, await this.#stderr);
    return this.#rest.trimEnd().split("\n").map((line) => JSON.parse(line));
  }
}

/**
 * Has processes append at once.
 *
 * @param batches For each process, what it appends together.
 * @returns For each process, what became of its batches.
 */
export async function race(
  url: string,
  batches: readonly (readonly (readonly Event[])[])[],
): Promise<Outcome[][]> {
  const racers = batches.map(() => new Racer(url));
  await Promise.all(racers.map((racer) => racer.ready()));
  return await Promise.all(
    racers.map((racer, n) => racer.append(batches[n]!)),
  );
}
