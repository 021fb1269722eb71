import type { Certificates } from "./certificates.ts";
import { LineProcess } from "./line_process.ts";
import type { Arrival, Witness } from "./witness.ts";

const PROGRAM = new URL("./servers/world_servers.ts", import.meta.url).pathname;

/** The servers of the outside world, which tell a witness what comes in. */
export class World implements AsyncDisposable {
  readonly #process: LineProcess;

  private constructor(process: LineProcess) {
    this.#process = process;
  }

  /** Starts them in their namespace, and returns when they listen. */
  static async start(
    namespace: string,
    { cert, key }: Certificates,
    hasIPv6: boolean,
    witness: Witness,
  ): Promise<World> {
    const marks = new Map<string, () => void>();
    let isReady = () => {};
    const ready = new Promise<void>((resolve) => isReady = resolve);
    const process = new LineProcess(
      "ip",
      [
        ...["netns", "exec", namespace, Deno.execPath(), "run", "--no-prompt"],
        ...["--unstable-net", "-A", PROGRAM, cert, key, hasIPv6 ? "6" : "4"],
      ],
      (line) => {
        const told: Arrival | { ready: true } | { mark: string } = JSON.parse(
          line,
        );
        if ("ready" in told) isReady();
        else if ("mark" in told) marks.get(told.mark)?.();
        else witness.add(told);
      },
    );
    await Promise.race([
      ready,
      process.ended.then((code) => {
        throw new Error(`The world's servers ended (${code}) as they started`);
      }),
    ]);
    let marked = 0;
    witness.settleWith(async () => {
      const mark = String(++marked);
      const told = new Promise<void>((resolve) => marks.set(mark, resolve));
      await process.write(mark + "\n");
      await Promise.race([
        told,
        process.ended.then(() => {
          throw new Error("The world's servers have ended");
        }),
      ]);
      marks.delete(mark);
    });
    return new World(process);
  }

  /** Ends them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}
