import type { FilterPlan } from "../event_filter.ts";
import type {
  HeadRows,
  HeadsRequest,
  Page,
  PageRequest,
} from "../rows/stored_rows.ts";
import type { PgRow } from "./client.ts";
import type { Lane } from "./lane.ts";
import { isNoText } from "./failure.ts";
import {
  type Packing,
  type Range,
  type Select,
  selectCount,
  selectHeads,
  selectPage,
} from "./select.ts";
import type { Settled } from "./settled.ts";
import { plainArray } from "./text.ts";
import { foundIn, unpackPlaces, unpackRows } from "./unpack.ts";

/** Takes a statement, in a transaction or by itself. */
export type Ask = (select: Select) => Promise<readonly PgRow[]>;

/** The last rows of traces, settled or not: an append is linked to them. */
export async function readHeads(
  ask: Ask,
  { trace_ids, before }: HeadsRequest,
): Promise<HeadRows> {
  const [row] = await ask(selectHeads(plainArray(trace_ids), before));
  const places = unpackPlaces(row!);
  const found = trace_ids.map((_, place) => places.indexOf(place));
  const ids = typeof row!.ids === "string" ? row!.ids.split(",") : [];
  return { epoch: 0, found, ids, rows: unpackRows(row!) };
}

/** A page of matching rows, packed. */
export async function readPage(
  lane: Lane,
  plan: FilterPlan,
  range: Range,
  { columns, what, signal }: {
    readonly columns: Packing["columns"];
    /** What it is read for. */
    readonly what: string;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<PgRow> {
  const read = async (texts: boolean) => {
    const select = selectPage(plan, range, { texts, columns });
    const [row] = await lane.read(select, what, signal);
    return row!;
  };
  try {
    return await read(true);
  } catch (error) {
    // One row is damaged. Its blob comes as it is, and the others with it.
    if (!isNoText(error)) throw error;
    return await read(false);
  }
}

/** Reads of what is settled. */
export class LogReads {
  readonly #lane: Lane;
  readonly #settled: Settled;

  constructor(lane: Lane, settled: Settled) {
    this.#lane = lane;
    this.#settled = settled;
  }

  /** A page of matching rows. */
  async page({ plan, afterSeq, limit }: PageRequest): Promise<Page> {
    const { seq: settled, isFresh } = await this.#settled.behind(
      afterSeq,
      limit,
    );
    const range = { afterSeq, settled, limit };
    const row = await readPage(this.#lane, plan, range, {
      columns: "of blobs",
      what: "read",
    });
    const rows = unpackRows(row);
    const found = foundIn(row);
    const isAll = found < limit && found === rows.seqs.length;
    return {
      rows,
      isLast: isAll && isFresh,
      readTo: isAll ? settled : rows.seqs.at(-1)!,
    };
  }

  /** The id in a row's own column. */
  async idOf(seq: number): Promise<string | undefined> {
    const sql = "SELECT event_id FROM ZU.events WHERE seq = $1::bigint";
    const [row] = await this.#lane.read({ sql, params: [seq] }, "read");
    return row?.event_id as string | undefined;
  }

  /** How many rows match. */
  async count(plan: FilterPlan): Promise<number> {
    const settled = await this.#settled.now();
    const [row] = await this.#lane.read(selectCount(plan, settled), "count");
    return Number(row!.count);
  }
}
