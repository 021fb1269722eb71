// What a process asked the system for, as strace saw it: https://strace.io
import type { Acknowledged } from "./_ledger.ts";

/** One system call, in the order in which the calls began and ended. */
export type Traced =
  | {
    readonly what: "write";
    readonly path: string;
    readonly bytes: Uint8Array;
    readonly length: number;
  }
  | { readonly what: "sync began" | "synced"; readonly path: string }
  | { readonly what: "acknowledged"; readonly event: Acknowledged };

/**
 * Runs a program under strace, which stays out of the way: the program is the
 * child that its parent started, and strace writes to stderr. Strings come in
 * hexadecimal, and descriptors with the paths behind them.
 */
export const STRACE: readonly string[] = [
  "strace",
  "--daemonize",
  "--follow-forks",
  "--seccomp-bpf",
  // Its messages would stand amid the lines.
  "--quiet=attach",
  "--decode-fds=path",
  "--strings-in-hex=all",
  "--string-limit=256",
  "--trace=write,pwrite64,fsync,fdatasync",
];

/** Why strace cannot be used; `undefined` where it can. */
export async function straceMissing(): Promise<string | undefined> {
  try {
    const { code, stderr } = await new Deno.Command("strace", {
      args: ["--follow-forks", "--seccomp-bpf", "true"],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).output();
    if (code === 0) return undefined;
    const said = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
    return `strace cannot trace a process here: ${said}`;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return "strace is not installed (apt install strace)";
  }
}

const WRITE =
  /^p?write(?:64)?\((\d+)<((?:\\x[0-9a-f]{2})*)>, "((?:\\x[0-9a-f]{2})*)"(?:\.\.\.)?, (\d+)/;
const SYNC = /^f(?:data)?sync\(\d+<((?:\\x[0-9a-f]{2})*)>(.*)$/;
const SYNC_ENDS = /^<\.\.\. f(?:data)?sync resumed>\)\s*= 0$/;

/** Reads what strace wrote. */
export function* readTrace(output: string): Generator<Traced> {
  const syncing = new Map<string, string>();
  for (const line of output.split("\n")) {
    const [, thread = "", call = ""] = /^(?:\[pid\s+(\d+)\] )?(.*)$/.exec(
      line,
    )!;
    const write = WRITE.exec(call);
    if (write !== null) {
      const [, descriptor, path, hex, length] = write as unknown as string[];
      const bytes = fromHex(hex!);
      if (descriptor === "1") {
        const event = acknowledgement(text(bytes));
        if (event !== undefined) yield { what: "acknowledged", event };
      } else {yield {
          what: "write",
          path: text(fromHex(path!)),
          bytes,
          length: Number(length),
        };}
      continue;
    }
    const sync = SYNC.exec(call);
    if (sync !== null) {
      const path = text(fromHex(sync[1]!));
      yield { what: "sync began", path };
      if (/^\)\s*= 0$/.test(sync[2]!)) yield { what: "synced", path };
      else syncing.set(thread, path);
    } else if (SYNC_ENDS.test(call)) {
      yield { what: "synced", path: syncing.get(thread)! };
      syncing.delete(thread);
    }
  }
}

function fromHex(escaped: string): Uint8Array {
  return Uint8Array.fromHex(escaped.replaceAll("\\x", ""));
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function acknowledgement(line: string): Acknowledged | undefined {
  const [kind, id, seq, hash] = line.trim().split(" ");
  if (kind !== "ack" || hash === undefined) return undefined;
  return { id: id!, seq: Number(seq), hash };
}

/**
 * Goes through a trace and says which acknowledgements came too early.
 *
 * @param trace The calls.
 * @param path The file that has to be synced.
 * @param measure How far a write takes the file, added up: in bytes, or commits.
 * @param needed How far the file must be synced before an event is acknowledged.
 */
export function tooEarly(
  trace: Iterable<Traced>,
  path: string,
  measure: (write: Traced & { what: "write" }) => number,
  needed: (seq: number) => number,
): { acknowledged: number; syncs: number; early: Acknowledged[] } {
  const early: Acknowledged[] = [];
  let acknowledged = 0;
  let syncs = 0;
  let written = 0;
  let began = 0;
  let synced = 0;
  for (const call of trace) {
    if (call.what === "acknowledged") {
      acknowledged++;
      if (needed(call.event.seq) > synced) early.push(call.event);
    } else if (call.path !== path) continue;
    else if (call.what === "write") written += measure(call);
    // What is written while it is at work may come too late for it.
    else if (call.what === "sync began") began = written;
    else {
      syncs++;
      synced = began;
    }
  }
  return { acknowledged, syncs, early };
}
