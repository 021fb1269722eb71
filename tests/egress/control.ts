import { LineProcess } from "./line_process.ts";
import { AT, PORTS } from "./plan.ts";
import {
  COMMAND_TIMEOUT_MS,
  type Place,
  type Ran,
  type RunInPlace,
} from "./place.ts";

const FORWARDER =
  new URL("./servers/control_forwarder.ts", import.meta.url).pathname;

/** What a sandbox with scoped egress is given, too. */
const PROXY = `http://127.0.0.1:${PORTS.proxy}`;
const ENVIRONMENT = [
  "PATH=/bin",
  "HOME=/tmp",
  "DENO_DIR=/tmp/deno",
  "NO_COLOR=1",
  ...["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"].map((name) =>
    `${name}=${PROXY}`
  ),
];

/**
 * Sees only what a container would of the file system; what is mounted here is
 * mounted for this command alone.
 */
const ENTER = `
mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" || exit
root=$1 user=$2 limit=$3; shift 3
exec timeout -k 1 "$limit" chroot --userspec="$user" "$root" \
  /bin/env -i ${ENVIRONMENT.join(" ")} "$@"`;

/**
 * A namespace with a cable to the world, and with a proxy at the same address as
 * a sandbox's: one that lets everything through.
 */
export class Control implements Place, AsyncDisposable {
  readonly kind = "control";
  readonly #namespace: string;
  readonly #root: string;
  readonly #socket: string;
  #forwarder: LineProcess | undefined;

  /** Describes it; starts nothing. */
  constructor(namespace: string, root: string, socket: string) {
    this.#namespace = namespace;
    this.#root = root;
    this.#socket = socket;
  }

  /** Starts what stands between its loopback and the proxy without a policy. */
  async startForwarder(): Promise<void> {
    await Deno.writeTextFile(
      `${this.#root}/etc/resolv.conf`,
      `nameserver ${AT.resolver}\noptions timeout:1 attempts:1\n`,
    );
    let isReady = () => {};
    const ready = new Promise<void>((resolve) => isReady = resolve);
    const forwarder = new LineProcess(
      "ip",
      [
        ...["netns", "exec", this.#namespace, Deno.execPath(), "run"],
        ...["--no-prompt", "--unstable-net", "-A", FORWARDER, this.#socket],
      ],
      () => isReady(),
    );
    this.#forwarder = forwarder;
    await Promise.race([
      ready,
      forwarder.ended.then((code) => {
        throw new Error(`The control's forwarder ended (${code}) at its start`);
      }),
    ]);
  }

  /** What is among the arguments of the forwarder, and of nothing else. */
  get forwarderMark(): string {
    return this.#socket;
  }

  /** Waits until it has ended. */
  async forwarderEnded(): Promise<void> {
    await this.#forwarder?.ended;
  }

  /** Ends it. */
  async stopForwarder(): Promise<void> {
    await this.#forwarder?.[Symbol.asyncDispose]();
  }

  async run(argv: readonly string[], options: RunInPlace = {}): Promise<Ran> {
    const { stdin, user = "65534:65534", timeoutMs = COMMAND_TIMEOUT_MS } =
      options;
    const limit = String(timeoutMs / 1000);
    const started = performance.now();
    const child = new Deno.Command("ip", {
      args: [
        ...["netns", "exec", this.#namespace, "sh", "-c", ENTER, "sh"],
        ...[this.#root, user, limit, ...argv],
      ],
      stdin: stdin === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    if (stdin !== undefined) {
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(stdin)).catch(() => {});
      await writer.close().catch(() => {});
    }
    const { code, stdout, stderr } = await child.output();
    const decoder = new TextDecoder();
    return {
      code,
      output: decoder.decode(stdout) + decoder.decode(stderr),
      durationMs: performance.now() - started,
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stopForwarder();
  }
}
