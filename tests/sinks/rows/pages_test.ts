import { assertEquals } from "@std/assert";
import { setImmediate } from "node:timers/promises";
import { IdentityCodec } from "../../../codec/mod.ts";
import { serializeEvent } from "../../../sinks/mod.ts";
import { packBlobs } from "../../../sinks/rows/blobs.ts";
import { Pages } from "../../../sinks/rows/pages.ts";
import { RowCodec } from "../../../sinks/rows/row_codec.ts";
import type { Page, PageRequest } from "../../../sinks/rows/stored_rows.ts";
import { event } from "../_samples.ts";

const LIMITS = { eventBytesMax: 1e6, codecTimeoutMs: 1e4 };
const NO_FILTER = { columns: [], ctx: [] };
const encoder = new TextEncoder();

/** A page of so many rows behind a place. */
function pageOf(
  texts: readonly string[],
  { afterSeq, isLast }: { afterSeq: number; isLast: boolean },
): Page {
  const seqs = texts.map((_, n) => afterSeq + n + 1);
  return {
    rows: {
      seqs,
      aads: packBlobs(texts.map(() => new Uint8Array())),
      blobs: packBlobs(texts.map((text) => encoder.encode(`\0${text}`))),
    },
    isLast,
    readTo: seqs.at(-1) ?? afterSeq,
  };
}

function pagesOf(page: (request: PageRequest) => Promise<Page>): Pages {
  const codec = new RowCodec(new IdentityCodec(), [], LIMITS);
  const idOf = () => Promise.resolve(undefined);
  return new Pages({ page, idOf }, codec, undefined);
}

Deno.test("Pages has the next page asked for while the one before is handed out", async () => {
  const text = serializeEvent(event());
  let sent = 0;
  const pages = pagesOf(async ({ afterSeq }) => {
    // A client that gathers what it sends sends it in another turn of the loop.
    await setImmediate();
    sent++;
    const texts = Array.from({ length: 8 }, () => text);
    return pageOf(texts, { afterSeq, isLast: afterSeq >= 16 });
  });
  const seen: [events: number, sent: number][] = [];
  let events = 0;
  const range = { afterSeq: 0, limit: Infinity, batchSize: 2 };
  for await (const batch of pages.read(NO_FILTER, range)) {
    seen.push([events += batch.events.length, sent]);
  }
  assertEquals(seen.slice(0, 4), [[2, 1], [4, 2], [6, 2], [8, 2]]);
  assertEquals(seen.slice(4, 8), [[10, 2], [12, 3], [14, 3], [16, 3]]);
  assertEquals([events, sent], [24, 3]);
});

Deno.test("Pages lets timers and sockets run between the batches of a page", async () => {
  const text = serializeEvent(event());
  const pages = pagesOf(({ afterSeq }) =>
    Promise.resolve(
      pageOf([text, text, text, text], { afterSeq, isLast: true }),
    )
  );
  let turns = 0;
  const turning = (async () => {
    while (turns < 3) {
      await setImmediate();
      turns++;
    }
  })();
  const at: number[] = [];
  const range = { afterSeq: 0, limit: Infinity, batchSize: 1 };
  for await (const _ of pages.read(NO_FILTER, range)) at.push(turns);
  assertEquals(at, [0, 1, 2, 3]);
  await turning;
});
