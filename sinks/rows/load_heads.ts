import { CodecError } from "../../codec/mod.ts";
import type { GroupContext } from "./group.ts";
import type { DecodedRow } from "./row_codec.ts";
import type { HeadReader } from "./stored_rows.ts";

/**
 * Reads the heads that are not remembered. Where a trace's last row is damaged,
 * its head is the last one that is not. A row that needs a key or a codec which
 * the sink was not given is not damaged: to link past it would break the chain.
 */
export async function loadHeads(
  reader: HeadReader,
  { heads, codec }: GroupContext,
  trace_ids: Set<string>,
): Promise<void> {
  const missing = [...trace_ids].filter((id) => heads.get(id) === undefined);
  if (missing.length === 0) return;
  const { epoch, found, ids, rows } = await reader.heads({
    trace_ids: missing,
  });
  const rowBefore = async (
    trace_id: string,
    before: number,
  ): Promise<DecodedRow | undefined> => {
    const { rows } = await reader.heads({ trace_ids: [trace_id], before });
    return (await codec.decode(rows))[0];
  };
  const decoded = await codec.decode(rows);
  for (const [i, trace_id] of missing.entries()) {
    let row = decoded[found[i]!];
    const seq = row?.seq ?? 0;
    const event_id = ids[found[i]!] ?? null;
    while (row !== undefined && "error" in row) {
      if (lacksReader(row.error.cause)) throw row.error;
      row = await rowBefore(trace_id, row.seq);
    }
    heads.set(trace_id, {
      hash: row?.event.hash ?? null,
      seq,
      event_id,
      epoch,
    });
  }
}

function lacksReader(cause: unknown): boolean {
  return cause instanceof CodecError &&
    (cause.code === "unknown_version" || cause.code === "unknown_key");
}
