// JsonlSink: a group's fdatasync beside one for each event.
import { JsonlSink } from "../sinks/mod.ts";
import { append, makeEvents, median, rate } from "./_load.ts";
import { perSecond, type Row } from "./_table.ts";

const ROUNDS = 3;

async function jsonlAppend(
  dir: string,
  fsync: "always" | "batch",
  appenders: number,
  count: number,
) {
  const events = makeEvents(count);
  const path = `${dir}/${crypto.randomUUID()}.jsonl`;
  await using sink = new JsonlSink(path, { fsync });
  await append(sink, makeEvents(1000), appenders);
  return await rate(count, () => append(sink, events, appenders));
}

/** The row of the table that is about JSONL. */
export async function jsonlRows(dir: string): Promise<Row[]> {
  const each: number[] = [];
  const batch: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    each.push(await jsonlAppend(dir, "always", 1, 2_000));
    batch.push(await jsonlAppend(dir, "batch", 64, 60_000));
  }
  return [{
    what: "64 appenders, fsync batch, to fsync each",
    measured: `${perSecond(median(batch))} to ${perSecond(median(each))}`,
    ratio: median(batch) / median(each),
    bound: { least: 20 },
  }];
}
