import { assert, assertEquals } from "@std/assert";
import { Child } from "./_child.ts";
import { IS_LONG, Random, sized, withFolder } from "./_form.ts";
import { type Acknowledged, Ledger } from "./_ledger.ts";
import { copyLive } from "./_live_copy.ts";
import { reportRow } from "./_report.ts";
import { integrity, readRows } from "./_rows.ts";
import { nameOf, openLog, type Variant, VARIANTS } from "./_variant.ts";
import { FRAME_HEADER_BYTES, readWal } from "./_wal.ts";
import { makeEvent, traceId } from "./_workload.ts";

/** A copy of a log amid appending, and what had been acknowledged by then. */
interface Copy {
  readonly path: string;
  readonly wal: Uint8Array;
  readonly acknowledged: readonly Acknowledged[];
}

/** Copies a log at a random moment of being appended to. */
async function copyAmidAppends(
  folder: string,
  variant: Variant,
  random: Random,
): Promise<Copy> {
  const path = `${folder}/live`;
  const target = `${folder}/copy`;
  const seed = random.int(0, 2 ** 31);
  const child = new Child({ path, variant, seed, life: "one" });
  await child.reached("ack", random.int(40, 200));
  while (true) {
    let acknowledged: Acknowledged[] = [];
    await copyLive(path, target, () => acknowledged = [...child.acknowledged]);
    const wal = await Deno.readFile(`${target}-wal`);
    // It has just begun anew now and then, and holds too little to cut.
    if (readWal(wal).transactions.length > 2) {
      await child.kill();
      return { path: target, wal, acknowledged };
    }
    await child.reached("ack", child.count("ack") + random.int(20, 60));
  }
}

/** How many frames at the end of a transaction are tried at every byte. */
const FRAMES_IN_FULL = 6;

/** One bit of a byte turned over. */
function flipped(byte: number, at: number): number {
  return byte ^ (1 << (at % 8));
}

/** A write-ahead log with one bit of a byte turned over. */
function withFlip(wal: Uint8Array, at: number): Uint8Array {
  const bytes = wal.slice();
  bytes[at] = flipped(bytes[at]!, at);
  return bytes;
}

/**
 * Positions in a transaction, from its end: each of its last frames, or those
 * around the frames' headers and some others.
 */
function* positions(
  { from, to }: { from: number; to: number },
  frameBytes: number,
  isInFull: boolean,
): Generator<number> {
  for (let at = to - 1; at >= from; at--) {
    const inFrame = (at - from) % frameBytes;
    const isNear = inFrame < FRAME_HEADER_BYTES + 2 || at > to - 3;
    const isLast = at >= to - FRAMES_IN_FULL * frameBytes;
    const isSampled = (isNear && at % sized(5, 2) === 0) || at % 499 === 0;
    if (isSampled || (isInFull && isLast)) yield at;
  }
}

/** Writes one byte into a file. */
function writeByte(path: string, at: number, byte: number): void {
  using file = Deno.openSync(path, { write: true });
  file.seekSync(at, Deno.SeekMode.Start);
  file.writeSync(Uint8Array.of(byte));
}

/** Opens a damaged copy with the sink, checks it, and appends. */
async function openDamaged(
  copy: Copy,
  wal: Uint8Array,
  variant: Variant,
  lastSeq: number,
  random: Random,
): Promise<void> {
  await withFolder(async (folder) => {
    const path = `${folder}/damaged`;
    await Deno.copyFile(copy.path, path);
    await Deno.writeFile(`${path}-wal`, wal);
    const ledger = new Ledger();
    ledger.add(copy.acknowledged.filter(({ seq }) => seq <= lastSeq));
    await using sink = await openLog(path, variant);
    const found = await ledger.check(sink, { isAtomic: true });
    assertEquals(found.lastSeq, lastSeq);
    const stored = await sink.append(makeEvent(traceId(0), random));
    assertEquals(stored.seq, lastSeq + 1);
    await ledger.check(sink, { isAtomic: true });
  });
}

for (const variant of VARIANTS) {
  if (variant.kind !== "sqlite") continue;
  // One of each: what SQLite recovers does not depend on what the rows hold.
  const { driver, encrypted } = variant;
  if (!IS_LONG && encrypted !== (driver === "builtin")) continue;
  Deno.test(`${nameOf(variant)} holds a prefix of what was committed when the tail of its write-ahead log is cut or damaged at any byte`, async () => {
    const random = Random.of(`wal: ${nameOf(variant)}`);
    let bytes = 0;
    let opened = 0;
    for (let n = 0; n < sized(1, 3); n++) {
      await withFolder(async (folder) => {
        const copy = await copyAmidAppends(folder, variant, random);
        const { path, wal } = copy;
        const { transactions, frameBytes } = readWal(wal);
        const [base, first, second] = transactions.slice(-3);
        const walPath = `${path}-wal`;
        const look = (wal: Uint8Array, afterSeq = 0) => {
          Deno.writeFileSync(walPath, wal);
          return readRows(path, afterSeq);
        };
        // What the log was after each of its last commits.
        const before = look(wal.subarray(0, base!.to));
        for (const last of [first!, second!]) {
          const start = look(wal.subarray(0, last.from), before.lastSeq);
          const end = look(wal.subarray(0, last.to), before.lastSeq);
          assert(end.lastSeq > start.lastSeq, "a transaction has added rows");
          const isInFull = IS_LONG && n === 0 && last === second;
          Deno.writeFileSync(walPath, wal);
          const all = [...positions(last, frameBytes, isInFull)];
          for (const at of all) {
            writeByte(walPath, at, flipped(wal[at]!, at));
            const found = readRows(path, before.lastSeq);
            assertEquals(found, start, `byte ${at} turned over`);
            writeByte(walPath, at, wal[at]!);
          }
          // From the end on, so that the file only has to be cut once more.
          for (const at of all) {
            Deno.truncateSync(walPath, at);
            const found = readRows(path, before.lastSeq);
            assertEquals(found, start, `cut at byte ${at}`);
          }
          bytes += all.length;
          // The sink, and every page and row, at some of these bytes.
          for (let n = 0; n < sized(1, 6); n++) {
            const at = random.int(last.from, last.to - 1);
            const cut = wal.subarray(0, at);
            const turned = withFlip(wal, at);
            for (const damaged of [cut, turned]) {
              look(damaged);
              assertEquals(integrity(path), "ok");
              const { lastSeq } = start;
              await openDamaged(copy, damaged, variant, lastSeq, random);
              opened++;
            }
          }
        }
        // Undamaged, it holds all that had been acknowledged.
        const whole = look(wal);
        const latest = Math.max(...copy.acknowledged.map(({ seq }) => seq));
        assert(whole.lastSeq >= latest, `${whole.lastSeq}, not ${latest}`);
        await openDamaged(copy, wal, variant, whole.lastSeq, random);
      });
    }
    reportRow(nameOf(variant), sized(1, 3), bytes, opened);
  });
}
