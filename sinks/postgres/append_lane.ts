import type { WriteBatch } from "../rows/stored_rows.ts";
import type { PgNotice, PgQuerier, PgRow } from "./client.ts";
import type { Lane } from "./lane.ts";
import type { Select } from "./select.ts";
import { byteText, plainArray, textArray, toStored } from "./text.ts";

const COLUMNS_A_ROW = 6;
const APPEND = "SELECT * FROM ZU.append($1, $2, $3::text::text[], " +
  "$4::text::text[], $5::text::text[], $6::text::text[], $7::text::text[], " +
  "$8::text::text[], $9::text::text[], $10::text::text[], $11::text::integer[], " +
  "$12::text::integer[], $13::text::bytea, $14::text::integer[], $15::text::text[], " +
  "$16::text::text[])";
const DRAWN = /^zu\.drawn (\d+) (\d+)$/;
/** What PostgreSQL says when a commit has not waited for its standbys to the end. */
const WARNING = "01000";

/** How durable an acknowledgement was. */
export interface PostgresDurability {
  /** The `synchronous_commit` that the transaction was committed with. */
  readonly synchronousCommit: string;
  /** The server's `synchronous_standby_names`; empty where it waits for nobody. */
  readonly synchronousStandbys: string;
}

/** How an append ended. */
export type AppendAnswer =
  | {
    readonly kind: "committed";
    readonly firstSeq: number;
    readonly durability: PostgresDurability;
  }
  | { readonly kind: "stale" | "duplicate" | "doubtful" };

/** The level that was committed with, and whom the server waited for. */
export function durabilityOf(row: PgRow): PostgresDurability {
  return {
    synchronousCommit: String(row.level),
    synchronousStandbys: String(row.standbys),
  };
}

/** The call that appends a batch. */
export function appendCall(
  { id, columns, blobs, ctx, proofs }: WriteBatch,
  level: string,
): Select {
  const column = (nth: number): (string | null)[] => {
    const texts: (string | null)[] = [];
    for (let at = nth; at < columns.length; at += COLUMNS_A_ROW) {
      texts.push(columns[at]!);
    }
    return texts;
  };
  const stored = (texts: (string | null)[]) =>
    textArray(texts.map((text) => text === null ? null : toStored(text)));
  const ids = column(0) as string[];
  let start = 0;
  const starts = blobs.lengths.map((length) => (start += length) - length);
  const places = new Map(ids.map((event_id, at) => [event_id, at + 1]));
  return {
    sql: APPEND,
    params: [
      String(id),
      level,
      plainArray(proofs.map(({ trace_id }) => trace_id)),
      plainArray(proofs.map(({ event_id }) => event_id ?? "NULL")),
      plainArray(ids),
      plainArray(column(1) as string[]),
      plainArray(column(2) as string[]),
      // An id has nothing that would need quotes.
      plainArray(column(3).map((parent) => parent ?? "NULL")),
      stored(column(4)),
      stored(column(5)),
      plainArray(starts),
      plainArray(blobs.lengths),
      byteText(blobs.bytes.subarray(0, start)),
      plainArray(ctx.map(([event_id]) => places.get(event_id)!)),
      stored(ctx.map(([, field]) => field)),
      stored(ctx.map(([, , value]) => value)),
    ],
  };
}

/** The answer in a row of the call. */
export function appendAnswer(row: PgRow): AppendAnswer {
  const firstSeq = Number(row.first_seq);
  if (firstSeq > 0) {
    return { kind: "committed", firstSeq, durability: durabilityOf(row) };
  }
  return { kind: firstSeq === 0 ? "stale" : "duplicate" };
}

/** One connection that appends: a group at a time, each a transaction of its own. */
export class AppendLane {
  readonly lane: Lane;
  readonly #level: string;
  #onDrawn: ((id: number, firstSeq: number) => void) | undefined;
  #isDoubtful = false;

  /** @param level The `synchronous_commit` of its transactions. */
  constructor(lane: Lane, level: string) {
    this.lane = lane;
    this.#level = level;
  }

  /** Takes what the server says beside its answers. */
  readonly notice = ({ code, message = "" }: PgNotice): void => {
    if (code === WARNING) this.#isDoubtful = true;
    const drawn = DRAWN.exec(message);
    if (drawn !== null) this.#onDrawn?.(Number(drawn[1]), Number(drawn[2]));
  };

  /** Appends a batch; `onDrawn` is told its first seq before it is committed. */
  async append(
    batch: WriteBatch,
    onDrawn: (firstSeq: number) => void,
  ): Promise<AppendAnswer> {
    this.#onDrawn = (id, firstSeq) => {
      if (id === batch.id) onDrawn(firstSeq);
    };
    return await this.settle(async () => {
      const call = appendCall(batch, this.#level);
      const [row] = await this.lane.run((client) => this.lane.on(client, call));
      return appendAnswer(row!);
    });
  }

  /** Appends a batch in a transaction that has the traces locked. */
  async appendIn(tx: PgQuerier, batch: WriteBatch): Promise<AppendAnswer> {
    const [row] = await this.lane.on(tx, appendCall(batch, this.#level));
    return appendAnswer(row!);
  }

  /** Has a transaction be as durable as an append, though it adds nothing. */
  async confirmIn(tx: PgQuerier): Promise<PostgresDurability> {
    const sql = "SELECT * FROM ZU.confirm($1)";
    const [row] = await this.lane.on(tx, { sql, params: [this.#level] });
    return durabilityOf(row!);
  }

  /**
   * Runs a transaction to its end. A commit that was told not to wait any longer for
   * its standbys is no acknowledgement, though the server calls it done.
   */
  async settle(
    work: () => Promise<AppendAnswer>,
  ): Promise<AppendAnswer> {
    this.#isDoubtful = false;
    const answer = await work();
    return this.#isDoubtful ? { kind: "doubtful" } : answer;
  }
}
