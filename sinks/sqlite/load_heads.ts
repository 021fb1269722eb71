import type { GroupContext } from "./group.ts";
import type { DecodedRow } from "./row_codec.ts";
import type { Thread } from "./thread.ts";

/**
 * Reads the heads that are not remembered. Where a trace's last row is not
 * readable, its head is the last one that is.
 */
export async function loadHeads(
  writer: Thread,
  { heads, codec }: GroupContext,
  trace_ids: Set<string>,
): Promise<void> {
  const missing = [...trace_ids].filter((id) => heads.get(id) === undefined);
  if (missing.length === 0) return;
  const { epoch, found, rows } = await writer.call("heads", "append", {
    trace_ids: missing,
  });
  const rowBefore = async (
    trace_id: string,
    before: number,
  ): Promise<DecodedRow | undefined> => {
    const { rows } = await writer.call("heads", "append", {
      trace_ids: [trace_id],
      before,
    });
    return (await codec.decode(rows))[0];
  };
  const decoded = await codec.decode(rows);
  for (const [i, trace_id] of missing.entries()) {
    let row = decoded[found[i]!];
    const seq = row?.seq ?? 0;
    while (row !== undefined && "error" in row) {
      row = await rowBefore(trace_id, row.seq);
    }
    heads.set(trace_id, { hash: row?.event.hash ?? null, seq, epoch });
  }
}
