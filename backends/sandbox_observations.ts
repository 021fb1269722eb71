/** A process in a sandbox, as the host sees it. */
export interface SandboxProcessInfo {
  /** Its number on the host. */
  readonly pid: number;
  /** Its parent's. */
  readonly ppid: number;
  /** Its user on the host. */
  readonly user: string;
  /** Its command line, which it may have made up. */
  readonly command: string;
}

/** What a sandbox uses. */
export interface SandboxStats {
  /** Processor time since its launch, in milliseconds. */
  readonly cpuMs: number;
  /** Memory, in bytes. */
  readonly memoryBytes: number;
  /** Its limit, in bytes. */
  readonly memoryLimitBytes: number;
  /** Processes and threads. */
  readonly processes: number;
  /** Bytes that came over the network since its launch. */
  readonly receivedBytes: number;
  /** Bytes that went over the network since its launch. */
  readonly sentBytes: number;
}

/** Something that is mounted in a sandbox. */
export interface SandboxMount {
  /** `bind`, `tmpfs` or `volume`. */
  readonly kind: string;
  /** Where it is on the host; empty for memory. */
  readonly source: string;
  /** Where it is in the sandbox. */
  readonly target: string;
  /** Whether the sandbox cannot write to it. */
  readonly readOnly: boolean;
}

/** A change among the image's own files. */
export interface FileChange {
  /** Where it is. */
  readonly path: string;
  /** What has been done to it. */
  readonly kind: "added" | "changed" | "deleted";
}

/** Options of reading a log. */
export interface LogOptions {
  /**
   * How many bytes of each stream are kept, half of them the first ones, half the
   * last ones.
   * @default {10_485_760, 10 MiB}
   */
  readonly bytesMax?: number;
}

/** What a sandbox's own command has written; see {@linkcode LaunchSpec.command}. */
export interface SandboxLogs {
  /** To standard output. */
  readonly stdout: Uint8Array<ArrayBuffer>;
  /** To standard error. */
  readonly stderr: Uint8Array<ArrayBuffer>;
  /** How many bytes between the first and the last were dropped of each. */
  readonly dropped: { readonly stdout: number; readonly stderr: number };
}
