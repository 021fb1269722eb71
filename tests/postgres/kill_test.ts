import { assert, assertEquals } from "@std/assert";
import { Random, sized } from "../crash/_form.ts";
import { Ledger } from "../crash/_ledger.ts";
import { reportRow } from "../crash/_report.ts";
import { startAppending } from "./_child.ts";
import { eventually } from "./_eventually.ts";
import { eventOf, openLog } from "./_log.ts";
import { postgresTest, withDatabase } from "./_postgres.ts";
import { ask } from "./_programs.ts";

const PROCESSES = 3;
/** How many kills a log lives through before the next one begins. */
const KILLS_A_LOG = 8;

/** What a kill waits for, and for how many milliseconds it may come later. */
const MOMENTS = [["opening", 150], ["ack", 5], ["closing", 10]] as const;

/** Waits until nobody holds, or waits for, a lock of the log. */
async function noLocks(url: string): Promise<void> {
  await eventually("an end of all locks", async () => {
    const sql = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' " +
      "AND database = (SELECT oid FROM pg_database " +
      "WHERE datname = current_database())";
    return await ask(url, sql) === "0";
  });
}

/** Has several processes append, kills one after the other, and replaces them. */
async function killAmongOthers(
  url: string,
  kills: number,
  { ledger, random }: { readonly ledger: Ledger; readonly random: Random },
): Promise<void> {
  const start = () => startAppending(url, { seed: random.int(0, 2 ** 31) });
  const children = Array.from({ length: PROCESSES }, start);
  for (let n = 0; n < kills; n++) {
    const victim = random.int(0, PROCESSES - 1);
    const killed = children[victim]!;
    const others = children.filter((child) => child !== killed);
    for (const child of children) await child.reached("ack", 1);
    const more = killed.count("ack") + random.int(0, sized(40, 400));
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

postgresTest(
  `PostgresSink: ${PROCESSES} processes go on when one of them is killed, and fork, lose and repeat nothing`,
  async () => {
    const random = Random.of("kills among others");
    const all = sized(2, 40);
    let acknowledged = 0;
    let recovered = 0;
    for (let done = 0; done < all; done += KILLS_A_LOG) {
      await withDatabase(async (url) => {
        const ledger = new Ledger();
        const kills = Math.min(KILLS_A_LOG, all - done);
        await killAmongOthers(url, kills, { ledger, random });
        await noLocks(url);
        acknowledged += ledger.size;
        await using sink = await openLog(url);
        const { events, lastSeq } = await ledger.check(sink, {
          isAtomic: true,
        });
        recovered += events;
        const { seq } = await sink.append(eventOf(0));
        assert(seq > lastSeq);
      });
    }
    reportRow("kills among others", all, acknowledged, recovered);
  },
);

postgresTest(
  "PostgresSink has all that was acknowledged when its process is killed while it makes, opens, fills or closes a log",
  async () => {
    const random = Random.of("kills");
    const moments = new Map<string, number>();
    const all = sized(3, 60);
    let acknowledged = 0;
    for (let done = 0; done < all; done += KILLS_A_LOG) {
      await withDatabase(async (url) => {
        const ledger = new Ledger();
        const kills = Math.min(KILLS_A_LOG, all - done);
        for (let n = 0; n < kills; n++) {
          const life = "sessions";
          const child = startAppending(url, {
            seed: random.int(0, 2 ** 31),
            life,
          });
          const [what, laterMs] = MOMENTS[n % MOMENTS.length]!;
          await child.reached(what, what === "ack" ? random.int(1, 300) : 1);
          // Not a wait for anything: it is the moment that the kill is to come at.
          await new Promise((at) => setTimeout(at, random.int(0, laterMs)));
          await child.kill();
          ledger.add(child.acknowledged);
          moments.set(child.doing, (moments.get(child.doing) ?? 0) + 1);
          await using sink = await openLog(url);
          await ledger.check(sink, { isAtomic: true });
          const event = eventOf(0);
          const stored = await sink.append(event);
          // Appended again, as after an answer that was lost: it is there once.
          assertEquals(await sink.append(event), stored);
        }
        await noLocks(url);
        acknowledged += ledger.size;
      });
    }
    const doing = [...moments].map(([what, count]) => `${what} ${count}`);
    reportRow("kills", all, acknowledged, doing.join(", "));
  },
);
