/**
 * What guards a sandbox has, as the engine applied them: read back from the
 * engine, and from inside.
 */
export interface Posture {
  /** Whom programs run as, as a number; null if it cannot be seen. */
  readonly uid: number | null;
  /** Their group. */
  readonly gid: number | null;
  /** Every capability that a program may ever get. */
  readonly capabilities: readonly string[];
  /** Whether no program can gain privileges, as by a setuid file. */
  readonly noNewPrivileges: boolean;
  /** How system calls are filtered. */
  readonly seccomp: "filter" | "none" | "unknown";
  /** Memory, in bytes; null if there is no limit. */
  readonly memory: number | null;
  /** Swap beyond that memory, in bytes; null if there is no limit. */
  readonly swap: number | null;
  /** Processors; null if there is no limit. */
  readonly cpus: number | null;
  /** Processes and threads; null if there is no limit. */
  readonly pids: number | null;
  /** Whether the image's own files cannot be written to. */
  readonly readOnlyRootfs: boolean;
  /** Whether the first process takes care of orphans. */
  readonly init: boolean;
  /** The network interfaces; `lo` alone is no network. */
  readonly interfaces: readonly string[];
  /** Paths of the host that are inside, those that can be written to first. */
  readonly mounts: readonly {
    readonly source: string;
    readonly target: string;
    readonly readOnly: boolean;
  }[];
  /** The container runtime. */
  readonly runtime: string;
  /**
   * Who is sure to end the sandbox when its time to live is over: itself, whatever
   * becomes of this process; or this process. The latter where there is no `sh` or
   * `sleep` in it, and where its programs could stop its timer: those that run as
   * its own `command` does, and root with capabilities.
   */
  readonly expiry: "sandbox" | "process";
  /**
   * Whether the processes of a run can be told apart and ended one by one; if
   * not, a timeout ends the sandbox.
   */
  readonly endsRuns: boolean;
  /** Whether the inside could be looked at; it takes a shell. */
  readonly seenFromInside: boolean;
  /** What was asked for and is not there. Empty after a launch, which demands it. */
  readonly problems: readonly string[];
}
