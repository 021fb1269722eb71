// A disk in memory that forgets what was not synced, as a power cut does: the
// file operations of JsonlSink are its only seam to the machine.
import type { FileOps, FileState, LogFile } from "../../sinks/jsonl_sink.ts";
import type { Random } from "./_form.ts";
import { type Change, surviving } from "./_surviving.ts";

/** Thrown by every operation once the process or the machine is gone. */
export class Gone extends Error {
  override readonly name = "Gone";
}

/** A file: what would survive, and what happened since. */
interface Inode {
  readonly id: string;
  /** Its content as it was last synced. */
  synced: Uint8Array;
  /** What was done to it since, in order. */
  pending: Change[];
  /** Its content as readers see it. */
  content: Uint8Array;
  isLocked: boolean;
}

/** Something done to the folder: a name that leads to another file, or to none. */
interface NameChange {
  readonly set: readonly (readonly [string, Inode | undefined])[];
}

/** A disk that can lose its power, and processes that can be killed on it. */
export class LossyDisk {
  readonly #random: Random;
  readonly #keepsPromises: boolean;
  /** The names as they were last synced, and as they are. */
  #syncedNames = new Map<string, Inode>();
  #pendingNames: NameChange[] = [];
  #names = new Map<string, Inode>();
  #inodes = 0;
  #life = 0;
  /** How many operations of this life are left; the next one finds it gone. */
  #left = Infinity;

  /**
   * Makes an empty disk.
   *
   * @param random What survives is drawn from it.
   * @param options Whether a sync does what it says; one that does not is there
   * to show that the loss would be seen.
   */
  constructor(random: Random, { keepsPromises = true } = {}) {
    this.#random = random;
    this.#keepsPromises = keepsPromises;
  }

  /** How many operations have been done in this life. */
  operations = 0;

  /** Whether this life has come to its end. */
  get isGone(): boolean {
    return this.#left <= 0;
  }

  /** The names that a power cut would leave, whatever else it did. */
  get syncedNames(): string[] {
    return [...this.#syncedNames.keys()];
  }

  /** The content of a file; `undefined` where there is none. */
  read(path: string): Uint8Array | undefined {
    return this.#names.get(path)?.content.slice();
  }

  /**
   * Begins the life of a process.
   *
   * @param operations How many operations it lives for.
   */
  begin(operations = Infinity): FileOps {
    this.#life++;
    this.#left = operations;
    this.operations = 0;
    return this.#operations(this.#life);
  }

  /** Ends the process; what it wrote stays as it is, synced or not. */
  kill(): void {
    this.#left = 0;
    for (const inode of this.#names.values()) inode.isLocked = false;
  }

  /**
   * Ends the machine: of what was not synced, some is lost.
   *
   * @returns Which way it was lost.
   */
  cutPower(): string {
    this.kill();
    // Names are kept by a journal, and come back in the order they were made.
    const kept = this.#random.int(0, this.#pendingNames.length);
    for (const { set } of this.#pendingNames.slice(0, kept)) {
      for (const [path, inode] of set) setName(this.#syncedNames, path, inode);
    }
    this.#pendingNames = [];
    const way = this.#random.pick(
      ["lost", "torn", "blocks of 512", "blocks of 4096"] as const,
    );
    for (const inode of new Set(this.#syncedNames.values())) {
      inode.synced = surviving(inode.synced, inode.pending, way, this.#random);
      inode.pending = [];
      inode.content = inode.synced.slice();
    }
    this.#names = new Map(this.#syncedNames);
    return way;
  }

  /** Does one operation, or finds that it cannot be done any more. */
  async #step<Result>(life: number, work: () => Result): Promise<Result> {
    // So that what runs beside each other comes in any order.
    for (let n = this.#random.int(0, 2); n > 0; n--) await Promise.resolve();
    if (life !== this.#life || this.#left <= 0) throw new Gone();
    this.#left--;
    this.operations++;
    if (this.#left <= 0) throw new Gone();
    return work();
  }

  #rename(set: NameChange["set"]): void {
    for (const [path, inode] of set) setName(this.#names, path, inode);
    this.#pendingNames.push({ set });
  }

  #operations(life: number): FileOps {
    const step = <Result>(work: () => Result) => this.#step(life, work);
    return {
      open: (path, mode) =>
        step(() => {
          let inode = this.#names.get(path);
          if (inode === undefined && mode === "read") {
            throw new Deno.errors.NotFound(path);
          }
          if (inode === undefined) {
            inode = {
              id: String(++this.#inodes),
              synced: new Uint8Array(),
              pending: [],
              content: new Uint8Array(),
              isLocked: false,
            };
            this.#rename([[path, inode]]);
          }
          if (mode === "create") change(inode, { length: 0 });
          return this.#file(inode, mode === "append", step);
        }),
      stat: (path) => step(() => stateOf(this.#names.get(path))),
      list: (folder) =>
        step(() =>
          [...this.#names.keys()].map((path) => path.slice(folder.length))
        ),
      rename: (from, to) =>
        step(() => {
          const inode = this.#names.get(from);
          if (inode === undefined) throw new Deno.errors.NotFound(from);
          this.#rename([[from, undefined], [to, inode]]);
        }),
      remove: (path) =>
        step(() => {
          if (this.#names.has(path)) this.#rename([[path, undefined]]);
        }),
      syncFolder: async () => {
        const before = this.#pendingNames.length;
        await step(() => {
          if (!this.#keepsPromises) return;
          for (const { set } of this.#pendingNames.splice(0, before)) {
            for (const [path, inode] of set) {
              setName(this.#syncedNames, path, inode);
            }
          }
        });
      },
      resolve: (path) => step(() => path),
    };
  }

  #file(
    inode: Inode,
    appends: boolean,
    step: <Result>(work: () => Result) => Promise<Result>,
  ): LogFile {
    let cursor = 0;
    let holdsLock = false;
    return {
      read: (into) =>
        step(() => {
          const rest = inode.content.subarray(cursor, cursor + into.length);
          into.set(rest);
          cursor += rest.length;
          return rest.length === 0 ? null : rest.length;
        }),
      write: (bytes) =>
        step(() => {
          const at = appends ? inode.content.length : cursor;
          change(inode, { at, bytes: bytes.slice() });
          cursor = at + bytes.length;
          return bytes.length;
        }),
      seek: (offset) => step(() => void (cursor = offset)),
      truncate: (length) => step(() => change(inode, { length })),
      syncData: async () => {
        // What is written while the disk is at work may come too late for it.
        const { length } = inode.pending;
        await step(() => {
          if (!this.#keepsPromises) return;
          for (const each of inode.pending.splice(0, length)) {
            inode.synced = applied(inode.synced, each);
          }
        });
      },
      stat: () => step(() => stateOf(inode)!),
      tryLock: () =>
        step(() => {
          if (inode.isLocked) return false;
          holdsLock = inode.isLocked = true;
          return true;
        }),
      close: () => {
        if (holdsLock) inode.isLocked = false;
      },
    };
  }
}

function stateOf(inode: Inode | undefined): FileState | undefined {
  return inode && { id: inode.id, size: inode.content.length };
}

function setName(
  names: Map<string, Inode>,
  path: string,
  inode: Inode | undefined,
): void {
  if (inode === undefined) names.delete(path);
  else names.set(path, inode);
}

function change(inode: Inode, what: Change): void {
  inode.content = applied(inode.content, what);
  inode.pending.push(what);
}

/** A content with a change made to it. */
function applied(content: Uint8Array, what: Change): Uint8Array {
  if (!("bytes" in what)) {
    const cut = new Uint8Array(what.length);
    cut.set(content.subarray(0, what.length));
    return cut;
  }
  const end = what.at + what.bytes.length;
  const longer = new Uint8Array(Math.max(content.length, end));
  longer.set(content);
  longer.set(what.bytes, what.at);
  return longer;
}
