// The host's own shell as a program of a fake container, so that the backend's
// scripts do what they do in a sandbox.
import type { Program } from "../../fakes/fake_engine/programs.ts";

/** Shells that have been started, and those that have not ended. */
export class HostShells {
  readonly #ends = new Set<Promise<unknown>>();

  /** Runs `sh` as it was asked for, until it ends or is killed. */
  readonly program: Program = async (argv, io) => {
    const child = new Deno.Command("sh", {
      args: argv.slice(1),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const kill = () => {
      try {
        child.kill("SIGKILL");
      } catch (error) {
        // It has ended by itself.
        if (!(error instanceof TypeError)) throw error;
      }
    };
    io.killed.addEventListener("abort", kill);
    const over = new AbortController();
    const pumps = [
      pump(io.stdin, child.stdin, over.signal),
      take(child.stdout, io.stdout),
      take(child.stderr, io.stderr),
    ] as const;
    const [, ...outputs] = pumps;
    const ended = child.status.finally(() => {
      over.abort();
      io.killed.removeEventListener("abort", kill);
    });
    const all = Promise.allSettled([ended, ...pumps]);
    this.#ends.add(all);
    all.then(() => this.#ends.delete(all));
    const { code } = await ended;
    await Promise.all(outputs);
    return code;
  };

  /** Resolves when none is left. */
  async ended(): Promise<void> {
    await Promise.all(this.#ends);
  }
}

async function pump(
  from: AsyncIterable<Uint8Array>,
  to: WritableStream<Uint8Array>,
  over: AbortSignal,
): Promise<void> {
  const writer = to.getWriter();
  const left = Promise.withResolvers<"over">();
  over.addEventListener("abort", () => left.resolve("over"), { once: true });
  const source = from[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await Promise.race([source.next(), left.promise]);
      if (next === "over" || next.done === true) return;
      await writer.write(next.value);
    }
  } catch {
    // A shell that is killed reads no more, and nobody writes to it.
  } finally {
    await writer.close().catch(() => {});
  }
}

async function take(
  from: ReadableStream<Uint8Array>,
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  let isKilled = false;
  for await (const bytes of from) {
    // What it has still to say is read to its end all the same.
    if (!isKilled) await write(bytes).catch(() => isKilled = true);
  }
}
