// An engine of a test's own, which can be stopped and killed: with files, a socket
// and a network of its own, so that the one that everybody uses is left alone.
import { connect } from "../../backends/local_docker/connect.ts";
import { Engine } from "../../backends/local_docker/engine.ts";
import type { DockerClient } from "../../backends/local_docker_backend.ts";
import { containersOf, eventually } from "./_engine.ts";
import { IMAGES, makeImages } from "./_images.ts";

/** What the first engine's network hangs on. */
const FIRST_BRIDGE = "/sys/class/net/docker0";

async function output(program: string, args: string[]): Promise<string> {
  const { stdout } = await new Deno.Command(program, { args }).output();
  return new TextDecoder().decode(stdout).trim();
}

/** Why no second engine can be started here; undefined if one can. */
export async function whyNoSecondEngine(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return "a second engine needs Linux";
  const find =
    "for p in dockerd unshare; do command -v $p; done | wc -l; id -u";
  const env = "PATH=$PATH:/usr/sbin:/sbin";
  const [found, user] = (await output("sh", ["-c", `${env}; ${find}`]))
    .split("\n");
  if (user !== "0") return "a second engine has to be started by root";
  return found === "2" ? undefined : "there is no dockerd, or no unshare";
}

/** Whether the first engine has its bridge. */
export async function hasFirstBridge(): Promise<boolean> {
  return await Deno.stat(FIRST_BRIDGE).then(() => true, () => false);
}

/** An engine that a test has started. */
export class SecondEngine implements AsyncDisposable {
  /** Where it listens. */
  readonly socketPath: string;
  /** It, for looking at what a backend has done. */
  readonly engine: Engine;
  readonly #folder: string;
  readonly #args: readonly string[];
  #daemon: Deno.ChildProcess | undefined;

  private constructor(folder: string, isLiveRestoring: boolean) {
    this.#folder = folder;
    this.socketPath = `${folder}/docker.sock`;
    this.engine = new Engine(() => this.#connect());
    this.#args = [
      "--net",
      "dockerd",
      `--data-root=${folder}/data`,
      `--exec-root=${folder}/exec`,
      `--pidfile=${folder}/pid`,
      `--host=unix://${this.socketPath}`,
      // In a network of its own there is nothing to be done, and elsewhere a second
      // engine without a bridge would take away that of the first.
      "--bridge=none",
      "--iptables=false",
      "--ip6tables=false",
      "--ip-forward=false",
      "--ip-masq=false",
      ...(isLiveRestoring ? ["--live-restore"] : []),
    ];
  }

  /** Starts one that has the usual image. */
  static async start(
    { isLiveRestoring }: { readonly isLiveRestoring: boolean },
  ): Promise<SecondEngine> {
    const folder = await Deno.makeTempDir({ prefix: "zu-engine-" });
    const second = new SecondEngine(folder, isLiveRestoring);
    await second.start();
    await makeImages(await second.#connect(), [IMAGES.busybox]);
    return second;
  }

  /** Starts it again. */
  async start(): Promise<void> {
    // What one that was killed has left keeps the next from starting, where nobody
    // waits for its dead children.
    for (
      const left of ["pid", "docker.sock", "exec/containerd/containerd.pid"]
    ) {
      await Deno.remove(`${this.#folder}/${left}`).catch(ignoreMissing);
    }
    this.#daemon = new Deno.Command("unshare", {
      args: [...this.#args],
      env: { PATH: `${Deno.env.get("PATH")}:/usr/sbin:/sbin` },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    await eventually("the second engine", () => this.#answers());
  }

  /** Stops it, or kills it. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    const daemon = this.#daemon;
    this.#daemon = undefined;
    try {
      daemon?.kill(signal);
    } catch (error) {
      // It has ended by itself.
      if (!(error instanceof TypeError)) throw error;
    }
    await daemon?.status;
  }

  /** The ids of a run's containers, in whatever state. */
  async containersOf(run: string): Promise<string[]> {
    return await containersOf(run, this.engine);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#endLeftovers();
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #answers(): Promise<boolean> {
    const what = "see whether the second engine answers";
    return await this.engine.json({ method: "GET", path: "/_ping", what })
      // What it says is no JSON; that it says it is enough.
      .then(() => true, ({ message }) => /makes no sense/.test(message));
  }

  async #connect(): Promise<DockerClient> {
    const { socketPath: path } = this;
    return await connect({ kind: "unix", path, foundBy: "the test" });
  }

  /** Ends what an engine that was killed has left: by its files, it is ours. */
  async #endLeftovers(): Promise<void> {
    for await (const { name } of Deno.readDir("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      const said = await Deno.readTextFile(`/proc/${name}/cmdline`)
        .catch(() => "");
      if (said.includes(this.#folder)) Deno.kill(Number(name), "SIGKILL");
    }
    const mounts = (await Deno.readTextFile("/proc/self/mounts")).split("\n");
    for (const line of mounts.reverse()) {
      const [, target = ""] = line.split(" ");
      if (target.startsWith(this.#folder)) await output("umount", [target]);
    }
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
