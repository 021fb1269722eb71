import type { SinkError } from "../sink_error.ts";
import type { FileOps } from "./_file_ops.ts";
import { IndexFile } from "./_index_file.ts";
import { ioError } from "./_io_error.ts";
import { compressPart } from "./_part_files.ts";
import type { Part } from "./_part_names.ts";
import { headFromWords, type PartTables } from "./_part_tables.ts";
import type { UuidTable } from "./_uuid_table.ts";
import { writeIndex } from "./_write_index.ts";

/** How many parts may wait for the index before rotation waits for it. */
const UNINDEXED_MAX = 2;

/** What the rotated parts of a log need to know of it. */
export interface HistoryOptions {
  /** The file operations. */
  readonly ops: FileOps;
  /** The path of the log. */
  readonly log: string;
  /** The folder that it is in. */
  readonly folder: string;
  /** How many of the newest parts have their event ids held in memory. */
  readonly rememberedParts: number;
  /** Is told when the index or a compressed file could not be written. */
  readonly onBackgroundError: ((error: SinkError) => void) | undefined;
}

/** A rotated part of which something is held in memory. */
interface RecentPart {
  readonly part: Part;
  readonly ids: UuidTable;
  /** Its plain length. */
  readonly bytes: number;
  /** Its heads, until the index file has them. */
  heads: UuidTable | undefined;
}

/**
 * The rotated parts of a log: which there are, what their heads and ids are, and
 * the work that is left to do on them, the index and the compression.
 */
export class History {
  /** The parts in order. */
  readonly parts: Part[];
  /** The seed of all tables of this log. */
  readonly seed: number;
  readonly #options: HistoryOptions;
  #index: IndexFile | undefined;
  #recent: RecentPart[] = [];
  #maintenance: Promise<void> | undefined;

  /** Takes over the parts and the index that a log was found with. */
  constructor(
    options: HistoryOptions,
    parts: Part[],
    index: IndexFile | undefined,
  ) {
    this.#options = options;
    this.parts = parts;
    this.#index = index;
    this.seed = index?.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]!;
  }

  /** The seq of the last rotated line, whether its part is still there or not. */
  get lastSeq(): number {
    return Math.max(this.parts.at(-1)?.last ?? 0, this.#index?.lastSeq ?? 0);
  }

  /** Where an event stands, if in one of the newest parts. */
  find(event_id: string): { part: Part; line: number } | undefined {
    const { rememberedParts } = this.#options;
    const oldest = Math.max(0, this.#recent.length - rememberedParts);
    for (let i = this.#recent.length - 1; i >= oldest; i--) {
      const { part, ids } = this.#recent[i]!;
      const line = ids.get(event_id)?.[0];
      if (line !== undefined) return { part, line };
    }
    return undefined;
  }

  /**
   * The head of a trace after the rotated parts, `null` where they do not hold
   * it; a promise where the index file must be read for it.
   */
  head(trace_id: string): string | null | Promise<string | null> {
    for (let i = this.#recent.length - 1; i >= 0; i--) {
      const words = this.#recent[i]!.heads?.get(trace_id);
      if (words !== undefined) return headFromWords(words);
    }
    if (this.#index === undefined) return null;
    return this.#index.head(trace_id).then((head) => head ?? null);
  }

  /** Takes in a part: heads are left out where the index has them. */
  remember(
    part: Part,
    tables: { readonly ids: UuidTable; readonly heads?: UuidTable },
    bytes: number,
  ): void {
    const { ids, heads } = tables;
    this.#recent.push({ part, ids, bytes, heads });
  }

  /** Takes in the part that was the live one until now. */
  add(part: Part, tables: PartTables, bytes: number): void {
    this.parts.push(part);
    this.remember(part, tables, bytes);
  }

  /** Whether so many heads are held in memory that the index must come first. */
  get isBehind(): boolean {
    return this.#recent.filter(({ heads }) => heads !== undefined).length >=
      UNINDEXED_MAX;
  }

  /**
   * Brings index and compression up to date. What fails is reported and left for
   * the next time; the log is whole without it.
   */
  maintain(): Promise<void> {
    this.#maintenance ??= this.#maintain().finally(() => {
      this.#maintenance = undefined;
    });
    return this.#maintenance;
  }

  async #maintain(): Promise<void> {
    await this.writeIndex();
    for (const part of this.parts) {
      if (!part.plain) continue;
      const { ops, log, folder } = this.#options;
      const isDone = await this.#attempt(
        "compress a part of",
        () => compressPart(ops, log, folder, part),
      );
      if (!isDone) return;
      // Further parts may have been rotated while this one was compressed.
      await this.writeIndex();
    }
  }

  /** Writes an index that covers every part, if the one at hand does not. */
  async writeIndex(): Promise<void> {
    const behind = this.#recent.filter(({ heads }) => heads !== undefined);
    const newest = behind.at(-1);
    if (newest === undefined) return;
    await this.#attempt(
      "write the index of",
      () => this.#replaceIndex(behind, newest),
    );
  }

  async #replaceIndex(
    behind: RecentPart[],
    newest: RecentPart,
  ): Promise<void> {
    const { ops, log, folder, rememberedParts } = this.#options;
    const path = `${log}.index`;
    const older = this.#index;
    const upTo = this.#recent.slice(0, this.#recent.indexOf(newest) + 1);
    const remembered = rememberedParts === 0
      ? []
      : upTo.slice(-rememberedParts);
    await writeIndex(ops, path, folder, {
      seed: this.seed,
      lastSeq: newest.part.last,
      partBytes: newest.bytes,
      heads: behind.map(({ heads }) => heads!),
      older,
      idParts: remembered.map(({ part: { first, last }, ids }) => ({
        first,
        last,
        ids,
      })),
    });
    const index = await IndexFile.open(ops, path);
    if (index?.lastSeq !== newest.part.last) {
      await index?.close();
      throw new Error("the index file does not read back as it was written");
    }
    this.#index = index;
    for (const each of behind) each.heads = undefined;
    const kept = this.#recent.length - rememberedParts;
    this.#recent = this.#recent.filter(({ heads }, i) =>
      heads !== undefined || i >= kept
    );
    await older?.close();
  }

  async #attempt(what: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (cause) {
      const error = ioError(what, this.#options.log, cause);
      try {
        this.#options.onBackgroundError?.(error);
      } catch {
        // Nobody awaits this work who could be told of the listener's failure.
      }
      return false;
    }
  }

  /** Finishes the work at hand and closes the index. */
  async close(): Promise<void> {
    await this.#maintenance;
    await this.#index?.close();
  }
}
