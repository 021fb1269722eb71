import { assert, assertEquals } from "@std/assert";
import { Child } from "./_child.ts";
import { Random, withFolder } from "./_form.ts";
import { reportRow } from "./_report.ts";
import { readRows } from "./_rows.ts";
import {
  readTrace,
  STRACE,
  straceMissing,
  tooEarly,
  type Traced,
} from "./_strace.ts";
import { nameOf, type Variant, VARIANTS } from "./_variant.ts";
import { FRAME_HEADER_BYTES, readWal } from "./_wal.ts";

/** So few that no checkpoint begins the write-ahead log anew. */
const EVENTS = 120;
/** So few that the log is rotated only by large events, if at all. */
const LINES = 48;
const NEWLINE = 10;

const missing = await straceMissing();
if (missing !== undefined && Deno.env.get("ZU_REQUIRE_STRACE") === "1") {
  throw new Error(`ZU_REQUIRE_STRACE is 1, and ${missing}`);
}
const skipped = missing === undefined ? "" : ` (skipped: ${missing})`;

/** Has a process append under strace, kills it, and reads what it did. */
async function traced(
  folder: string,
  variant: Variant,
  { events, random }: { events: number; random: Random },
): Promise<{ path: string; trace: Traced[] }> {
  for (let attempt = 1;; attempt++) {
    const path = `${folder}/log-${attempt}`;
    const seed = random.int(0, 2 ** 31);
    const life = "one";
    const child = new Child({ path, variant, seed, life, under: STRACE });
    await child.reached("ack", events);
    await child.kill();
    // Lines of several files would have to be told apart: one will do.
    if (child.count("rotating") > 0) continue;
    return { path, trace: [...readTrace(await child.stderr)] };
  }
}

/** The last seq after each commit that the write-ahead log holds. */
function lastSeqs(path: string): number[] {
  const wal = Deno.readFileSync(`${path}-wal`);
  const { transactions } = readWal(wal);
  return transactions.map(({ to }, n) => {
    // The first makes the tables.
    if (n === 0) return 0;
    Deno.writeFileSync(`${path}-wal`, wal.subarray(0, to));
    return readRows(path).lastSeq;
  });
}

for (const variant of VARIANTS) {
  if (variant.kind !== "sqlite") continue;
  Deno.test({
    name: `${
      nameOf(variant)
    } acknowledges nothing before the fdatasync behind its transaction's last write${skipped}`,
    ignore: missing !== undefined,
    fn: async () => {
      const random = Random.of(`sync: ${nameOf(variant)}`);
      await withFolder(async (folder) => {
        const events = EVENTS;
        const { path, trace } = await traced(folder, variant, {
          events,
          random,
        });
        const wal = `${path}-wal`;
        const lasts = lastSeqs(path);
        // The page behind the header of a frame that commits is the last write.
        let commits = false;
        let headers = 0;
        const found = tooEarly(trace, wal, ({ bytes, length }) => {
          if (length === FRAME_HEADER_BYTES) {
            commits = new DataView(bytes.buffer).getUint32(4) !== 0;
            return 0;
          }
          if (length < FRAME_HEADER_BYTES * 2) {
            headers++;
            return 0;
          }
          const isLast = commits;
          commits = false;
          return isLast ? 1 : 0;
        }, (seq) => lasts.findIndex((last) => last >= seq) + 1 || Infinity);
        assertEquals(headers, 1, "the write-ahead log was not begun anew");
        assert(found.acknowledged >= events && found.syncs >= 2);
        assertEquals(found.early, []);
        const { acknowledged, syncs } = found;
        reportRow(nameOf(variant), acknowledged, lasts.length, syncs, 0);
      });
    },
  });
}

for (const fsync of ["always", "batch"] as const) {
  const variant = { kind: "jsonl", fsync } as const;
  Deno.test({
    name: `${
      nameOf(variant)
    } acknowledges nothing before the fdatasync behind its line's last write${skipped}`,
    ignore: missing !== undefined,
    fn: async () => {
      const random = Random.of(`sync: ${nameOf(variant)}`);
      await withFolder(async (folder) => {
        const events = LINES;
        const { path, trace } = await traced(folder, variant, {
          events,
          random,
        });
        const bytes = await Deno.readFile(path);
        const ends = Array.from(bytes.keys())
          .filter((at) => bytes[at] === NEWLINE).map((at) => at + 1);
        const found = tooEarly(
          trace,
          path,
          ({ length }) => length,
          (seq) => ends[seq - 1] ?? Infinity,
        );
        assert(found.acknowledged >= events && found.syncs >= 2);
        assertEquals(found.early, []);
        const { acknowledged, syncs } = found;
        reportRow(nameOf(variant), acknowledged, ends.length, syncs, 0);
      });
    },
  });
}
