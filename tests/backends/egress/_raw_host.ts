import { Line } from "./_line.ts";

/** What a host does with a connection; it is closed when that has been done. */
export type Serve = (line: Line, index: number) => Promise<void>;

/** A host on loopback that speaks whatever the test says, and keeps no secrets. */
export class RawHost implements AsyncDisposable {
  /** The connections that came, from the first on. */
  readonly lines: Line[] = [];
  readonly #listener: Deno.Listener<Deno.Conn>;
  readonly #serve: Serve;
  readonly #serving = new Set<Promise<void>>();
  readonly #accepting: Promise<void>;
  readonly #faults: unknown[] = [];

  constructor(
    serve: Serve,
    listener: Deno.Listener<Deno.Conn> = Deno.listen({
      hostname: "127.0.0.1",
      port: 0,
    }),
  ) {
    this.#serve = serve;
    this.#listener = listener;
    this.#accepting = this.#accept();
  }

  /** A host that has one answer to all requests, which it reads to their ends. */
  static answering(answer: string): RawHost {
    return new RawHost(async (line) => {
      await line.until("\r\n\r\n");
      await line.send(answer);
    });
  }

  /** A host that sends back what it gets. */
  static echo(): RawHost {
    return new RawHost(async (line) => {
      for (
        let text = await line.some();
        text !== "";
        text = await line.some()
      ) {
        await line.sendSome(text);
      }
    });
  }

  /** Its port. */
  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
  }

  /** Closes it all; fails if what it was to do has failed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const line of this.lines) line.close();
    await Promise.all(this.#serving);
    if (this.#faults.length > 0) throw this.#faults[0];
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#listener) {
      const line = new Line(conn);
      const index = this.lines.push(line) - 1;
      const serving = this.#serve(line, index)
        .catch((error) => {
          this.#faults.push(error);
        })
        .finally(() => {
          line.close();
          this.#serving.delete(serving);
        });
      this.#serving.add(serving);
    }
  }
}
