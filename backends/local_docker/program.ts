import type { ExecStream } from "./exec_stream.ts";
import type { Output } from "./frames.ts";

/** A program to run, and what to do with it meanwhile. */
export interface Program {
  readonly argv: readonly string[];
  readonly user: string;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly workdir?: string | undefined;
  readonly stdin: boolean;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Takes what it writes; the next comes when this one is taken. */
  readonly onOutput: (output: Output) => void | Promise<void>;
  /** Is given the program when it has been started. */
  readonly onStart?: (exec: ExecStream) => void;
}
