import type { RunResult, SandboxProcess } from "./run_result.ts";

/** What runs the programs that files go through; a sandbox of a backend, bound. */
export interface FilesRunner {
  /**
   * Runs a program to its end.
   *
   * @param argv The program and its arguments.
   * @param options What it reads, bounds and cancellation.
   * @returns How it ended; if it was ended by the signal, that is no rejection.
   */
  run(argv: readonly string[], options?: FilesRunOptions): Promise<RunResult>;
  /**
   * Starts a program.
   *
   * @param argv The program and its arguments.
   * @param options Bounds and cancellation.
   * @returns The program and its streams.
   */
  spawn(
    argv: readonly string[],
    options?: FilesSpawnOptions,
  ): Promise<SandboxProcess>;
}

/** Options of {@linkcode FilesRunner.spawn}. */
export interface FilesSpawnOptions {
  /** Ends the program. */
  readonly signal?: AbortSignal;
  /** How long it may take, in milliseconds. */
  readonly timeoutMs?: number;
}

/** Options of {@linkcode FilesRunner.run}. */
export interface FilesRunOptions extends FilesSpawnOptions {
  /** What it reads; nothing if left out. */
  readonly stdin?: Uint8Array | ReadableStream<Uint8Array>;
  /** How much of its standard output is kept. */
  readonly stdoutMax?: number;
}

/** A file, folder or whatever else has a name in a sandbox. */
export interface SandboxFileInfo {
  /**
   * Its name. A byte that is not UTF-8 is a lone surrogate, U+DC80 to U+DCFF for
   * 0x80 to 0xFF, and such a name can be given back as part of a path.
   */
  readonly name: string;
  /** What it is; of a link, that it is one. */
  readonly type: "file" | "directory" | "symlink" | "other";
  /** How many bytes it has. */
  readonly size: number;
  /** Its permissions, setuid and the like included. */
  readonly mode: number;
  /** When it was changed, to the second. */
  readonly mtime: Date;
  /** The number of the user that it belongs to. */
  readonly uid: number;
  /** The number of the group that it belongs to. */
  readonly gid: number;
  /** What a link points to, as far as `stat` tells it and not `list`. */
  readonly linkTarget?: string;
}

/** What all calls on files can be given. */
export interface FileOptions {
  /** Ends the call, which rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /**
   * How long each program may take that the call needs, in milliseconds.
   * @default {the runner's}
   */
  readonly timeoutMs?: number;
}

/** Options of `SandboxFiles.read`. */
export interface ReadFileOptions extends FileOptions {
  /**
   * How many bytes the file may have.
   * @default {104_857_600, 100 MiB}
   */
  readonly maxBytes?: number;
}

/** Options of `SandboxFiles.write`. */
export interface WriteFileOptions extends FileOptions {
  /**
   * The file's permissions, up to 0o777.
   * @default {those of the file that is replaced, or 0o644}
   */
  readonly mode?: number;
  /**
   * Whether to make the folders that it is in.
   * @default {false}
   */
  readonly parents?: boolean;
  /**
   * How many bytes the file may have.
   * @default {104_857_600, 100 MiB}
   */
  readonly maxBytes?: number;
}

/** Options of `SandboxFiles.list`. */
export interface ListOptions extends FileOptions {
  /**
   * How many entries the folder may have, at most 100,000.
   * @default {10_000}
   */
  readonly limit?: number;
}

/** Options of `SandboxFiles.remove`. */
export interface RemoveOptions extends FileOptions {
  /**
   * Whether to remove a folder with what is in it.
   * @default {false}
   */
  readonly recursive?: boolean;
}

/** Options of `SandboxFiles.makeFolder`. */
export interface MakeFolderOptions extends FileOptions {
  /**
   * The folder's permissions, up to 0o777.
   * @default {what the sandbox's umask leaves of 0o777}
   */
  readonly mode?: number;
  /**
   * Whether to make the folders that it is in, and to be content with one that is
   * there.
   * @default {false}
   */
  readonly parents?: boolean;
}

/** Options of `SandboxFiles.download`. */
export interface DownloadOptions extends FileOptions {
  /**
   * How many bytes of tar there may be.
   * @default {1_073_741_824, 1 GiB}
   */
  readonly maxBytes?: number;
}

/** Options of `SandboxFiles.upload`. */
export interface UploadOptions extends DownloadOptions {
  /**
   * Whether to make the folder, and those that it is in.
   * @default {false}
   */
  readonly parents?: boolean;
}

/** Options of `SandboxFiles.downloadTo`. */
export interface DownloadToOptions extends FileOptions {
  /**
   * How many bytes all files may have.
   * @default {1_073_741_824, 1 GiB}
   */
  readonly maxBytes?: number;
  /**
   * How many files, folders and links there may be.
   * @default {100_000}
   */
  readonly maxEntries?: number;
}

/** Options of `SandboxFiles.uploadFrom`. */
export interface UploadFromOptions extends DownloadToOptions {
  /**
   * Whether to make the folder, and those that it is in.
   * @default {false}
   */
  readonly parents?: boolean;
}

/** Something that was not taken over, though the rest was. */
export interface SkippedFile {
  /** Its path, from the folder that was taken over. */
  readonly path: string;
  /** Why. */
  readonly reason: string;
}

/** What was taken over of a tree. */
export interface TreeReport {
  /** How many files, second names of one included. */
  readonly files: number;
  /** How many folders. */
  readonly folders: number;
  /** How many symbolic links. */
  readonly links: number;
  /** How many bytes all files have. */
  readonly bytes: number;
  /** What was left out. */
  readonly skipped: readonly SkippedFile[];
}
