import { assert, assertEquals } from "@std/assert";
import { Child } from "./_child.ts";
import { Random, sized, withFolder } from "./_form.ts";
import { acknowledgedAs, Ledger } from "./_ledger.ts";
import { reportRow } from "./_report.ts";
import { nameOf, openLog, type Variant, VARIANTS } from "./_variant.ts";
import { makeEvent, traceId } from "./_workload.ts";

/** How many kills a log lives through before the next one begins. */
const KILLS_A_LOG = 8;

/** What a kill waits for, and for how many milliseconds it may come later. */
function drawMoment(variant: Variant, random: Random) {
  // Opening takes a while, since threads are started; the rest is soon over.
  const moments: [what: string, count: number, laterMs: number][] = [
    ["ack", random.int(1, sized(300, 1500)), 3],
    ["ack", random.int(1, sized(300, 1500)), 0],
    ["opening", random.int(1, 2), 80],
    ["closing", 1, 5],
    variant.kind === "sqlite"
      ? ["checkpointing", random.int(1, 3), 2]
      : ["rotating", random.int(1, 20), 2],
  ];
  const [what, count, laterMs] = random.pick(moments);
  return { what, count, laterMs: random.fraction() * laterMs };
}

/** Has a process append, and kills it. */
async function killOnce(
  path: string,
  variant: Variant,
  random: Random,
): Promise<Child> {
  const seed = random.int(0, 2 ** 31);
  const { what, count, laterMs } = drawMoment(variant, random);
  const child = new Child({ path, variant, seed, life: "sessions" });
  await child.reached(what, count);
  // Not a wait for anything: it is the moment that the kill is to come at.
  if (laterMs > 0) await new Promise((done) => setTimeout(done, laterMs));
  await child.kill();
  return child;
}

/** Opens what is left, checks it against the ledger, and goes on with it. */
async function checkAndGoOn(
  path: string,
  variant: Variant,
  ledger: Ledger,
  random: Random,
): Promise<number> {
  await using sink = await openLog(path, variant);
  const isAtomic = variant.kind === "sqlite";
  const { events, lastSeq } = await ledger.check(sink, { isAtomic });
  const event = makeEvent(traceId(0), random);
  const stored = await sink.append(event);
  assert(stored.seq > lastSeq, "numbers go on behind the last one");
  // Appended again, as after an answer that was lost: it is there once.
  assertEquals(await sink.append(event), stored);
  ledger.add([acknowledgedAs(stored)]);
  return events;
}

for (const variant of VARIANTS) {
  Deno.test(`${nameOf(variant)} has all that was acknowledged when its process is killed at any moment`, async () => {
    const random = Random.of(`kill: ${nameOf(variant)}`);
    const kills = sized(3, variant.kind === "sqlite" ? 32 : 30);
    const moments = new Map<string, number>();
    let acknowledged = 0;
    let recovered = 0;
    for (let done = 0; done < kills;) {
      await withFolder(async (folder) => {
        const path = `${folder}/log`;
        const ledger = new Ledger();
        let found = 0;
        let own = 0;
        for (let n = 0; n < KILLS_A_LOG && done < kills; n++) {
          const child = await killOnce(path, variant, random);
          ledger.add(child.acknowledged);
          acknowledged += child.acknowledged.length;
          moments.set(child.doing, (moments.get(child.doing) ?? 0) + 1);
          done++;
          // Else the next process finds what this one has left, and may be
          // killed amid its repair.
          const isLast = n === KILLS_A_LOG - 1 || done === kills;
          if (isLast || random.chance(0.6)) {
            found = await checkAndGoOn(path, variant, ledger, random) - own++;
          }
        }
        recovered += found;
      });
    }
    reportRow(
      nameOf(variant),
      kills,
      acknowledged,
      recovered,
      [...moments].map(([what, count]) => `${what} ${count}`).join(", "),
    );
  });
}
