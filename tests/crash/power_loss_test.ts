import { assert, assertEquals, assertRejects } from "@std/assert";
import { type FsyncPolicy, JsonlSink } from "../../sinks/jsonl_sink.ts";
import { type SinkError, verifyLog } from "../../sinks/mod.ts";
import { IS_LONG, Random, sized } from "./_form.ts";
import { type Acknowledged, acknowledgedAs } from "./_ledger.ts";
import { Gone, LossyDisk } from "./_lossy_disk.ts";
import { reportRow } from "./_report.ts";
import { appendWithTasks, makeEvent, traceId } from "./_workload.ts";

const PATH = "/disk/run.jsonl";
/** Small, so that a life of a few dozen appends rotates. */
const MAX_BYTES = 20_000;
/** How many events a life that nothing ends appends. */
const EVENTS_A_LIFE = 40;

/** A log over all of its lives on one disk. */
class Survivor {
  readonly disk: LossyDisk;
  /** Everything that is still promised to be there. */
  acknowledged: Acknowledged[] = [];
  /** Lines that a power cut has damaged, none of them acknowledged. */
  readonly damaged = new Set<number>();
  fsync: FsyncPolicy;
  readonly #random: Random;
  readonly #maxBytes: number;

  constructor(
    fsync: FsyncPolicy,
    random: Random,
    disk: LossyDisk,
    maxBytes = MAX_BYTES,
  ) {
    this.fsync = fsync;
    this.#maxBytes = maxBytes;
    this.#random = random;
    this.disk = disk;
  }

  #sink(operations?: number, onCorrupt?: (error: SinkError) => void) {
    return new JsonlSink(PATH, {
      fsync: this.fsync,
      maxBytes: this.#maxBytes,
      fileOps: this.disk.begin(operations),
      ...(onCorrupt && { onCorrupt }),
    });
  }

  /** Appends until so many operations are done, or all is appended. */
  async live(operations?: number): Promise<void> {
    const sink = this.#sink(operations);
    let count = 0;
    const isOver = () => count >= EVENTS_A_LIFE || this.disk.isGone;
    try {
      await appendWithTasks(sink, this.#random, isOver, (stored) => {
        count++;
        this.acknowledged.push(acknowledgedAs(stored));
      });
      await sink.close();
    } catch (error) {
      if (!isGone(error)) throw error;
      // What has no machine any more can only give its lock in this process back.
      await sink.close().catch((error) => assert(isGone(error), error));
    }
  }

  /** The last seq that was acknowledged. */
  get lastAcknowledged(): number {
    return Math.max(0, ...this.acknowledged.map(({ seq }) => seq));
  }

  /**
   * Reads the log: what is there, and which lines are not.
   *
   * @param promised The seq behind which a power cut may have damaged lines.
   */
  async check(promised: number): Promise<Acknowledged[]> {
    const corrupt: number[] = [];
    await using sink = this.#sink(undefined, ({ code, seq }) => {
      assertEquals(code, "corrupt_line");
      corrupt.push(seq!);
    });
    const found = (await sink.query()).map(acknowledgedAs);
    const ids = new Set(found.map(({ id }) => id));
    assertEquals(ids.size, found.length, "nothing is there twice");
    const { violations, unlinked } = await verifyLog(sink);
    assertEquals(unlinked, 0);
    for (const seq of [...corrupt, ...violations.map(({ seq }) => seq!)]) {
      if (this.damaged.has(seq)) continue;
      assert(seq > promised, `seq ${seq} is damaged, and was promised`);
      this.damaged.add(seq);
    }
    const next = makeEvent(traceId(0), this.#random);
    const stored = await sink.append(next);
    const last = Math.max(0, ...found.map(({ seq }) => seq), ...corrupt);
    assertEquals(stored.seq, last + 1, "appends go on behind what is there");
    this.acknowledged.push(acknowledgedAs(stored));
    return [...found, acknowledgedAs(stored)];
  }

  /** What was acknowledged and is not in the log any more. */
  missing(found: readonly Acknowledged[]): Acknowledged[] {
    const byId = new Map(found.map((each) => [each.id, each]));
    return this.acknowledged.filter((each) => {
      const there = byId.get(each.id);
      return there?.seq !== each.seq || there.hash !== each.hash;
    });
  }
}

/** Whether an operation found the machine gone, whoever reports it. */
function isGone(error: unknown): boolean {
  if (error instanceof Gone) return true;
  return error instanceof Error && isGone(error.cause);
}

/** How many operations a life has that nothing ends. */
async function operationsOfALife(fsync: FsyncPolicy): Promise<number> {
  const disk = new LossyDisk(new Random(1));
  await new Survivor(fsync, new Random(1), disk).live();
  return disk.operations;
}

/** The last seq in the parts whose names a power cut cannot take away. */
function lastRotated(disk: LossyDisk): number {
  const lasts = disk.syncedNames.map((name) =>
    Number(/\d{12}-(\d{12})(?:\.gz)?$/.exec(name)?.[1] ?? 0)
  );
  return Math.max(0, ...lasts);
}

/** Cuts the power once amid each of some lives of one log. */
async function cutAmid(
  survivor: Survivor,
  moment: number,
  random: Random,
): Promise<{ found: Acknowledged[]; promised: number; way: string }> {
  // Sometimes its process is killed before: the next one finds what is not
  // synced, and must not promise more than it has made sure of.
  if (random.chance(0.3)) {
    await survivor.live(random.int(1, moment));
    survivor.disk.kill();
  }
  await survivor.live(moment);
  const promised = survivor.fsync === "never"
    ? lastRotated(survivor.disk)
    : survivor.lastAcknowledged;
  const way = survivor.disk.cutPower();
  return { found: await survivor.check(promised), promised, way };
}

for (const fsync of ["always", "batch", "never"] as const) {
  const promise = fsync === "never"
    ? "has what was rotated, and names what is damaged,"
    : "has all that was acknowledged";
  Deno.test(`JsonlSink with fsync "${fsync}" ${promise} when the power is cut at any operation`, async () => {
    const random = Random.of(`power: ${fsync}`);
    const operations = await operationsOfALife(fsync);
    const ways = new Map<string, number>();
    let acknowledged = 0;
    let lost = 0;
    const moments = IS_LONG
      ? Array.from({ length: 1500 }, (_, i) => i % operations + 1)
      : Array.from({ length: 60 }, () => random.int(1, operations));
    let survivor: Survivor | undefined;
    for (const [n, moment] of moments.entries()) {
      if (n % 6 === 0) {
        survivor = new Survivor(fsync, random, new LossyDisk(random));
      }
      const before = survivor!.acknowledged.length;
      const { found, promised, way } = await cutAmid(survivor!, moment, random);
      acknowledged += survivor!.acknowledged.length - before;
      ways.set(way, (ways.get(way) ?? 0) + 1);
      const missing = survivor!.missing(found);
      if (fsync === "never") {
        lost += missing.length;
        const inParts = missing.filter(({ seq }) => seq <= promised);
        assertEquals(inParts, [], `${way}, operation ${moment}`);
        survivor!.acknowledged = found;
      } else assertEquals(missing, [], `${way}, operation ${moment}`);
    }
    reportRow(
      `JsonlSink with fsync "${fsync}"`,
      moments.length,
      acknowledged,
      lost,
      [...ways].map(([way, count]) => `${way} ${count}`).join(", "),
    );
  });
}

Deno.test("JsonlSink on a disk that lies about syncing loses what was acknowledged, and these tests see it", async () => {
  const random = Random.of("power: a disk that lies");
  await assertRejects(async () => {
    for (let n = 0; n < sized(20, 20); n++) {
      const disk = new LossyDisk(random, { keepsPromises: false });
      const survivor = new Survivor("always", random, disk);
      await survivor.live();
      disk.cutPower();
      const found = await survivor.check(survivor.lastAcknowledged);
      assertEquals(survivor.missing(found), []);
    }
  });
});

Deno.test('JsonlSink with fsync "batch" makes sure of what a sink with "never" has left, the log\'s name included', async () => {
  const random = Random.of("power: never, then batch");
  for (let n = 0; n < sized(20, 200); n++) {
    const disk = new LossyDisk(random);
    // It is never rotated, which would sync the folder.
    const survivor = new Survivor("never", random, disk, 10_000_000);
    await survivor.live(random.int(8, 40));
    disk.kill();
    survivor.fsync = "batch";
    await survivor.live();
    const promised = survivor.lastAcknowledged;
    disk.cutPower();
    assertEquals(survivor.missing(await survivor.check(promised)), []);
  }
});
