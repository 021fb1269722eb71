import { assertEquals } from "@std/assert";
import type { EgressAttempt } from "../../../backends/egress_attempt.ts";
import type { EgressPolicy } from "../../../backends/egress_policy.ts";
import {
  type CheckedEgress,
  readEgress,
} from "../../../backends/egress/egress_policy_check.ts";
import {
  EgressProxy,
  type EgressProxyOptions,
} from "../../../backends/egress/proxy.ts";
import { AddressRanges } from "../../../backends/egress/public_address.ts";
import { Line } from "./_line.ts";

/** A policy that has been read. */
export function policy(
  allow: EgressPolicy["allow"],
  others: Partial<EgressPolicy> = {},
): CheckedEgress {
  return readEgress({ allow, ...others }, "policy");
}

/** What a {@linkcode TestProxy} is made with. */
export interface TestProxyOptions
  extends
    Partial<Omit<EgressPolicy, "allow">>,
    Partial<
      Pick<
        EgressProxyOptions,
        "resolve" | "ranges" | "onAttempt" | "onWarning" | "sandbox"
      >
    > {
  /** What is allowed. */
  readonly allow: EgressPolicy["allow"];
  /**
   * Where it listens.
   * @default {a unix socket in a folder of its own}
   */
  readonly listener?: Deno.Listener;
}

/** A proxy, and those who connect to it. All names lead to 127.0.0.1. */
export class TestProxy implements AsyncDisposable {
  readonly proxy: EgressProxy;
  /** The attempts that have ended. */
  readonly records: EgressAttempt[] = [];
  /** The names that were looked up. */
  readonly lookUps: string[] = [];
  readonly warnings: string[] = [];
  readonly #addr: Deno.Addr;
  readonly #folder: string | undefined;
  readonly #lines: Line[] = [];
  /** The proxy itself keeps no process from exiting, nor a test. */
  readonly #awake = setInterval(() => {}, 60_000);
  #arrival = Promise.withResolvers<void>();

  constructor(options: TestProxyOptions) {
    const { listener, allow, resolve, ranges, onAttempt, onWarning } = options;
    const { sandbox = () => "box", ...others } = options;
    const { deny, connectionsMax, headerBytesMax, idleTimeoutMs, bytesMax } =
      others;
    this.#folder = listener === undefined ? Deno.makeTempDirSync() : undefined;
    const path = `${this.#folder}/proxy.sock`;
    const at = listener ?? Deno.listen({ transport: "unix", path });
    this.#addr = at.addr;
    const bounds = {
      deny,
      connectionsMax,
      headerBytesMax,
      idleTimeoutMs,
      bytesMax,
    };
    this.proxy = new EgressProxy(at, {
      policy: readEgress({ allow, ...bounds }, "policy"),
      sandbox,
      ranges: ranges ?? new AddressRanges(["127.0.0.1/32"]),
      resolve: (host, options) => {
        this.lookUps.push(host);
        return resolve?.(host, options) ?? Promise.resolve(["127.0.0.1"]);
      },
      onAttempt: (attempt) => {
        this.records.push(attempt);
        this.#arrival.resolve();
        this.#arrival = Promise.withResolvers();
        return onAttempt?.(attempt);
      },
      onWarning: (message) => {
        this.warnings.push(message);
        onWarning?.(message);
      },
    });
  }

  /** Connects. */
  async connect(): Promise<Line> {
    const line = new Line(
      await (this.#addr.transport === "unix"
        ? Deno.connect({ transport: "unix", path: this.#addr.path })
        : Deno.connect({ port: (this.#addr as Deno.NetAddr).port })),
    );
    this.#lines.push(line);
    return line;
  }

  /** Connects and sends something. */
  async begin(data: string | Uint8Array): Promise<Line> {
    const line = await this.connect();
    await line.sendSome(data);
    return line;
  }

  /** What the proxy says to something, until it closes the connection. */
  async say(data: string | Uint8Array): Promise<string> {
    using line = await this.begin(data);
    return await line.rest();
  }

  /** The port, if it listens on one. */
  get port(): number {
    return (this.#addr as Deno.NetAddr).port;
  }

  /** Opens a tunnel. */
  async tunnel(authority: string): Promise<Line> {
    const line = await this.begin(connectTo(authority));
    assertEquals(
      await line.until("\r\n\r\n"),
      "HTTP/1.1 200 Connection established\r\n\r\n",
    );
    return line;
  }

  /** The record of that index, as soon as it is there. */
  async record(index = 0): Promise<EgressAttempt> {
    while (this.records.length <= index) await this.#arrival.promise;
    return this.records[index]!;
  }

  /** How the attempt of that index came out. */
  async outcome(index = 0): Promise<[reason: string, allowed: boolean]> {
    const { reason, allowed } = await this.record(index);
    return [reason, allowed];
  }

  /** Closes it, and all that was connected to it. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const line of this.#lines) line.close();
    await this.proxy.close();
    clearInterval(this.#awake);
    if (this.#folder !== undefined) {
      await Deno.remove(this.#folder, { recursive: true });
    }
  }
}

/** A request for a tunnel. */
export function connectTo(authority: string, ...fields: string[]): string {
  return requestOf(`CONNECT ${authority}`, `Host: ${authority}`, ...fields);
}

/** A request: method and target, and its fields. */
export function requestOf(first: string, ...fields: string[]): string {
  return [`${first} HTTP/1.1`, ...fields, "", ""].join("\r\n");
}

/** The JSON of a refusal. */
export function refusalIn(answer: string): Record<string, unknown> {
  return JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4));
}
