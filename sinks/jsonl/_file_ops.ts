// The raw file operations of the JSONL sink: nothing else in it touches Deno's
// file API, so that a test can put a failing disk in this one's place.

/** What tells one file from another, and how long it is. */
export interface FileState {
  /** Device and inode where the platform has them; equal for the same file. */
  readonly id: string;
  /** The length in bytes. */
  readonly size: number;
}

/** An open file, as far as the JSONL sink needs one. */
export interface LogFile {
  /** Reads at the cursor; `null` at the end of the file. */
  read(into: Uint8Array): Promise<number | null>;
  /** Writes at the cursor, or at the end of a file opened to append. */
  write(bytes: Uint8Array): Promise<number>;
  /** Moves the cursor. */
  seek(offset: number): Promise<void>;
  /** Cuts the file to a length. */
  truncate(length: number): Promise<void>;
  /** Resolves when content and length are on disk. */
  syncData(): Promise<void>;
  /** The file behind the descriptor, whatever its name is by now. */
  stat(): Promise<FileState>;
  /** Takes the exclusive lock if nobody holds it. */
  tryLock(): Promise<boolean>;
  /** Gives the descriptor back. */
  close(): void;
}

/** How a file is opened: `append` makes it if need be, `create` empties it. */
export type OpenMode = "read" | "append" | "create";

/** The file operations that a JSONL sink works with. */
export interface FileOps {
  /** Opens a file. */
  open(path: string, mode: OpenMode): Promise<LogFile>;
  /** The file under a name; `undefined` where there is none. */
  stat(path: string): Promise<FileState | undefined>;
  /** The names in a folder. */
  list(folder: string): Promise<string[]>;
  /** Renames a file over whatever has the new name. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; harmless where there is none. */
  remove(path: string): Promise<void>;
  /** Resolves when the folder's names are on disk, where that can be asked for. */
  syncFolder(folder: string): Promise<void>;
  /** The path without links; a file that is not there yet keeps its name. */
  resolve(path: string): Promise<string>;
}

function stateOf(info: Deno.FileInfo, path: string): FileState {
  // Where there are no inodes, the birth time tells a new file from the old one.
  const id = info.ino === null
    ? `${path}:${info.birthtime?.getTime()}`
    : `${info.dev}:${info.ino}`;
  return { id, size: info.size };
}

/**
 * The most bytes that are read without another thread: a record of the index.
 * Whatever reads a file from end to end does so in larger steps, which let
 * others in between.
 */
const SYNC_READ_MAX = 8 * 1024;
/** The most bytes that are written without another thread. */
const SYNC_WRITE_MAX = 128 * 1024;

class DenoLogFile implements LogFile {
  readonly #file: Deno.FsFile;
  readonly #path: string;

  constructor(file: Deno.FsFile, path: string) {
    this.#file = file;
    this.#path = path;
  }

  // deno-lint-ignore require-await -- a throw must reject
  async read(into: Uint8Array): Promise<number | null> {
    if (into.length <= SYNC_READ_MAX) return this.#file.readSync(into);
    return this.#file.read(into);
  }

  // deno-lint-ignore require-await -- a throw must reject
  async write(bytes: Uint8Array): Promise<number> {
    // What goes no further than the page cache is done before another thread
    // would have been woken for it. Syncing is what takes time.
    if (bytes.length <= SYNC_WRITE_MAX) return this.#file.writeSync(bytes);
    return this.#file.write(bytes);
  }

  // deno-lint-ignore require-await -- a throw must reject
  async seek(offset: number): Promise<void> {
    // Moves a number in the kernel and touches no disk.
    this.#file.seekSync(offset, Deno.SeekMode.Start);
  }

  truncate(length: number): Promise<void> {
    return this.#file.truncate(length);
  }

  syncData(): Promise<void> {
    return this.#file.syncData();
  }

  async stat(): Promise<FileState> {
    return stateOf(await this.#file.stat(), this.#path);
  }

  tryLock(): Promise<boolean> {
    return this.#file.tryLock(true);
  }

  close(): void {
    this.#file.close();
  }
}

const MODES: Record<OpenMode, Deno.OpenOptions> = {
  read: { read: true },
  append: { read: true, append: true, create: true },
  create: { write: true, create: true, truncate: true },
};

function folderAndName(path: string): { folder: string; name: string } {
  const cut = Deno.build.os === "windows"
    ? Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"))
    : path.lastIndexOf("/");
  if (cut === -1) return { folder: ".", name: path };
  return { folder: path.slice(0, cut + 1), name: path.slice(cut + 1) };
}

/** The file operations of the machine. */
export const DENO_FILE_OPS: FileOps = {
  async open(path, mode) {
    return new DenoLogFile(await Deno.open(path, MODES[mode]), path);
  },

  async stat(path) {
    try {
      return stateOf(await Deno.stat(path), path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  },

  async list(folder) {
    const names: string[] = [];
    for await (const entry of Deno.readDir(folder)) names.push(entry.name);
    return names;
  },

  rename(from, to) {
    return Deno.rename(from, to);
  },

  async remove(path) {
    try {
      await Deno.remove(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  },

  async syncFolder(folder) {
    // Windows has no way to open a folder; NTFS journals its names by itself.
    if (Deno.build.os === "windows") return;
    using handle = await Deno.open(folder, { read: true });
    await handle.sync();
  },

  async resolve(path) {
    try {
      return await Deno.realPath(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    const { folder, name } = folderAndName(path);
    const real = await Deno.realPath(folder);
    const separator = Deno.build.os === "windows" ? "\\" : "/";
    return real.endsWith(separator)
      ? `${real}${name}`
      : `${real}${separator}${name}`;
  },
};
