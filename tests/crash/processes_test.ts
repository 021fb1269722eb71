import { assert, assertEquals, assertRejects } from "@std/assert";
import { SinkError, type SqliteSink } from "../../sinks/mod.ts";
import { Child } from "./_child.ts";
import { IS_LONG, Random, sized, withFolder } from "./_form.ts";
import { acknowledgedAs, Ledger } from "./_ledger.ts";
import { reportRow } from "./_report.ts";
import { nameOf, openLog, type Variant, VARIANTS } from "./_variant.ts";
import { makeEvent, traceId } from "./_workload.ts";

/** How many kills a log lives through before the next one begins. */
const KILLS_A_LOG = 4;

/**
 * Those that several processes may write to at once, with the version of SQLite,
 * and the others: with the WAL-reset bug one process writes, and so to a file of
 * lines.
 */
const shared: {
  variant: Variant & { kind: "sqlite" };
  version: string;
}[] = [];
const exclusive: Variant[] = [];
for (const variant of VARIANTS) {
  await withFolder(async (folder) => {
    await using sink = await openLog(`${folder}/log`, variant);
    const { supports } = sink;
    if (variant.kind === "sqlite" && supports.sharedWriters) {
      const { sqliteVersion: version } = sink as SqliteSink;
      shared.push({ variant, version });
    } else exclusive.push(variant);
  });
}

/** Has several processes append, kills one after the other, and replaces them. */
async function killAmongOthers(
  path: string,
  variant: Variant,
  { processes, kills, ledger, random }: {
    processes: number;
    kills: number;
    ledger: Ledger;
    random: Random;
  },
): Promise<void> {
  const start = () => {
    const seed = random.int(0, 2 ** 31);
    return new Child({ path, variant, seed, life: "one" });
  };
  const children = Array.from({ length: processes }, start);
  for (let n = 0; n < kills; n++) {
    const victim = random.int(0, processes - 1);
    const killed = children[victim]!;
    const others = children.filter((child) => child !== killed);
    for (const child of others) await child.reached("ack", 1);
    const more = killed.count("ack") + random.int(0, sized(40, 200));
    await killed.reached("ack", more);
    await killed.kill();
    ledger.add(killed.acknowledged);
    // Whatever it held, the others go on: a whole round of their tasks and more.
    for (const child of others) {
      await child.reached("ack", child.count("ack") + sized(20, 50));
    }
    children[victim] = start();
  }
  for (const child of children) await child.reached("ack", 1);
  for (const child of children) await child.stop();
  for (const child of children) ledger.add(child.acknowledged);
}

for (const { variant, version } of shared) {
  const { encrypted } = variant;
  for (const processes of [2, 4]) {
    if (!IS_LONG && encrypted !== (processes === 4)) continue;
    Deno.test(`lesson 1: ${nameOf(variant)}: ${processes} processes go on when one of them is killed, and fork, lose and repeat nothing`, async () => {
      const name = `${nameOf(variant)}, ${processes} processes`;
      const random = Random.of(`kill: ${name}`);
      const all = sized(1, 12);
      let acknowledged = 0;
      let recovered = 0;
      for (let done = 0; done < all; done += KILLS_A_LOG) {
        await withFolder(async (folder) => {
          const path = `${folder}/log`;
          const ledger = new Ledger();
          // The log is there before the race, which is about appending to it.
          await (await openLog(path, variant)).close();
          const kills = Math.min(KILLS_A_LOG, all - done);
          const race = { processes, kills, ledger, random };
          await killAmongOthers(path, variant, race);
          acknowledged += ledger.size;
          await using sink = await openLog(path, variant);
          const { events, lastSeq } = await ledger.check(sink, {
            isAtomic: true,
          });
          recovered += events;
          const stored = await sink.append(makeEvent(traceId(0), random));
          assert(stored.seq > lastSeq);
        });
      }
      const where = `SQLite ${version}, while all append`;
      reportRow(name, all, acknowledged, recovered, where);
    });
  }
}

for (const variant of exclusive) {
  Deno.test(`lesson 1: ${nameOf(variant)} refuses a second process, and lets it in when the first is killed`, async () => {
    const random = Random.of(`lock: ${nameOf(variant)}`);
    const expected = variant.kind === "jsonl" ? "locked" : "unsafe_sqlite";
    await withFolder(async (folder) => {
      const path = `${folder}/log`;
      const ledger = new Ledger();
      const first = new Child({ path, variant, seed: 1, life: "one" });
      await first.reached("ack", random.int(1, 100));
      const error = await assertRejects(
        () => openLog(path, variant),
        SinkError,
      );
      assertEquals(error.code, expected, error.message);
      // It is refused without harm to the first, which goes on.
      await first.reached("ack", first.count("ack") + 50);
      await first.kill();
      ledger.add(first.acknowledged);
      const second = new Child({ path, variant, seed: 2, life: "one" });
      await second.reached("ack", 50);
      await second.stop();
      ledger.add(second.acknowledged);
      await using sink = await openLog(path, variant);
      const isAtomic = variant.kind === "sqlite";
      const { lastSeq } = await ledger.check(sink, { isAtomic });
      const stored = await sink.append(makeEvent(traceId(0), random));
      assert(acknowledgedAs(stored).seq > lastSeq);
    });
  });
}
