import { BackendError } from "../backend_error.ts";
import type {
  FileChange,
  LogOptions,
  SandboxLogs,
  SandboxMount,
  SandboxProcessInfo,
  SandboxStats,
} from "../sandbox_observations.ts";
import type { Box } from "./box.ts";
import { Capture } from "./capture.ts";
import { type ContainerState, STATE_SHAPE } from "./check_posture.ts";
import type { EngineCall } from "./engine.ts";
import { FrameDecoder } from "./frames.ts";
import { READY } from "./inside.ts";

const LOG_BYTES_MAX = 10 * 1024 * 1024;
const LOG_TIMEOUT_MS = 30_000;
const CHANGES = { 0: "changed", 1: "added", 2: "deleted" } as const;

function call(box: Box, path: string, what: string): EngineCall {
  box.assertAlive(what);
  return {
    method: "GET",
    path: `/containers/${box.facts.id}${path}`,
    what: `${what} of sandbox ${box.facts.id.slice(0, 12)}`,
    codes: { 404: "sandbox_gone", 409: "sandbox_gone" },
  };
}

/** The processes in a sandbox, as the engine's host sees them. */
export async function top(box: Box): Promise<SandboxProcessInfo[]> {
  const { Titles, Processes } = await box.engine.json<
    { Titles: string[]; Processes: string[][] | null }
  >({
    ...call(box, "/top", "list the processes"),
    // Podman lists by itself only what it is asked for in its own way; else it
    // runs the sandbox's own ps.
    query: {
      ps_args: await box.engine.isPodman()
        ? "pid,ppid,user,args"
        : "-eo pid,ppid,user,args",
    },
  }, {
    "Titles": "list",
    "Titles.*": "string",
    "Processes": "list?",
    "Processes.*": "list",
  });
  const column = (title: RegExp) =>
    Titles.findIndex((name) => title.test(name));
  const [pid, ppid, user, command] = [
    column(/^PID$/),
    column(/^PPID$/),
    column(/^(?:USER|UID)$/),
    column(/^(?:COMMAND|CMD)$/),
  ];
  return (Processes ?? []).map((row) => ({
    pid: Number(row[pid!]),
    ppid: Number(row[ppid!]),
    user: row[user!] ?? "",
    command: row[command!] ?? "",
  }));
}

/** The part of the engine's statistics that is passed on. */
interface EngineStats {
  readonly cpu_stats: { readonly cpu_usage: { readonly total_usage: number } };
  readonly memory_stats: {
    readonly usage?: number;
    readonly limit?: number;
    readonly max_usage?: number;
  };
  readonly pids_stats: { readonly current?: number };
  readonly networks?: Readonly<
    Record<string, { readonly rx_bytes: number; readonly tx_bytes: number }>
  >;
}

/** What a sandbox uses now. */
export async function stats(box: Box): Promise<SandboxStats> {
  const { cpu_stats, memory_stats, pids_stats, networks } = await box.engine
    .json<EngineStats>({
      ...call(box, "/stats", "measure the use"),
      // Without, the engine waits a second for a second reading.
      query: { stream: false, "one-shot": true },
    }, {
      "cpu_stats.cpu_usage.total_usage": "number",
      "memory_stats": "object",
      "pids_stats": "object",
      "networks": "object?",
    });
  const traffic = Object.values(networks ?? {});
  const sum = (
    pick: (each: { rx_bytes: number; tx_bytes: number }) => number,
  ) => traffic.reduce((total, each) => total + pick(each), 0);
  return {
    cpuMs: cpu_stats.cpu_usage.total_usage / 1e6,
    memoryBytes: memory_stats.usage ?? 0,
    memoryLimitBytes: memory_stats.limit ?? 0,
    processes: pids_stats.current ?? 0,
    receivedBytes: sum(({ rx_bytes }) => rx_bytes),
    sentBytes: sum(({ tx_bytes }) => tx_bytes),
  };
}

/** What is mounted in a sandbox. */
export async function mounts(box: Box): Promise<SandboxMount[]> {
  const { Mounts, HostConfig } = await box.engine.json<ContainerState>(
    call(box, "/json", "list the mounts"),
    STATE_SHAPE,
  );
  const inMemory = Object.entries(HostConfig.Tmpfs ?? {})
    .filter(([target]) => !Mounts.some((each) => each.Destination === target))
    .map(([target, options]) => ({
      kind: "tmpfs",
      source: "",
      target,
      readOnly: options.split(",").includes("ro"),
    }));
  const others = Mounts.map(({ Type, Source, Destination, RW }) => ({
    kind: Type,
    source: Source,
    target: Destination,
    readOnly: !RW,
  }));
  // The engine has them in no order.
  return [...others, ...inMemory].sort((a, b) => a.target < b.target ? -1 : 1);
}

/** What has changed among the image's files. */
export async function fsDiff(box: Box): Promise<FileChange[]> {
  const changes = await box.engine.json<
    { Path: string; Kind: 0 | 1 | 2 }[] | null
  >(
    call(box, "/changes", "list the changed files"),
    { "": "list?", "*.Path": "string" },
  );
  return (changes ?? []).map(({ Path, Kind }) => ({
    path: Path,
    kind: CHANGES[Kind],
  }));
}

/** What the sandbox's own command has written. */
export async function logs(
  box: Box,
  options: LogOptions = {},
): Promise<SandboxLogs> {
  const { bytesMax = LOG_BYTES_MAX } = options;
  if (!Number.isSafeInteger(bytesMax) || bytesMax < 0) {
    throw new RangeError(`bytesMax is ${bytesMax}, and must be 0 or more`);
  }
  const stream = await box.engine.stream({
    ...call(box, "/logs", "read the log"),
    query: { stdout: true, stderr: true },
  });
  const kept = { stdout: new Capture(bytesMax), stderr: new Capture(bytesMax) };
  const preface = new Preface(!box.facts.hasShell);
  const decoder = new FrameDecoder();
  const stop = () => stream.destroy();
  const timer = setTimeout(() => {
    stream.destroy(new Error(`there was no end in ${LOG_TIMEOUT_MS} ms`));
  }, LOG_TIMEOUT_MS);
  box.gone.addEventListener("abort", stop, { once: true });
  try {
    for await (const chunk of stream) {
      for (const { name, bytes } of decoder.push(chunk)) {
        kept[name].push(name === "stdout" ? preface.skip(bytes) : bytes);
      }
    }
  } catch (cause) {
    if (cause instanceof BackendError) throw cause;
    box.assertAlive("read the log");
    throw new BackendError(
      "engine_failed",
      `Cannot read the log of a sandbox: the connection broke: ${cause}`,
      { cause },
    );
  } finally {
    clearTimeout(timer);
    box.gone.removeEventListener("abort", stop);
  }
  return {
    stdout: kept.stdout.bytes(),
    stderr: kept.stderr.bytes(),
    dropped: { stdout: kept.stdout.dropped, stderr: kept.stderr.dropped },
  };
}

/** Skips what the sandbox said of itself before its command began. */
class Preface {
  readonly #end = `\n${READY}\n`;
  #matched: number;

  /** Skips nothing where nothing was said. */
  constructor(isOver: boolean) {
    this.#matched = isOver ? this.#end.length : 0;
  }

  skip(bytes: Uint8Array): Uint8Array {
    for (let at = 0; at < bytes.length; at++) {
      if (this.#matched === this.#end.length) return bytes.subarray(at);
      const next = this.#end.charCodeAt(this.#matched);
      // The mark begins with its only line feeds, so that a failed match can
      // begin anew with the byte that failed it.
      if (bytes[at] === next) this.#matched++;
      else this.#matched = bytes[at] === 10 ? 1 : 0;
    }
    return new Uint8Array(0);
  }
}
