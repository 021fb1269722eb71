import { assert, assertEquals } from "@std/assert";
import { programCommand } from "../crash/_child.ts";
import { nameOf, openLog, sized, SOME, withFolder } from "./_logs.ts";
import { assertTold, openFilesIn, Trial, within } from "./_trial.ts";

const LOCKED = { codes: ["locked"], says: /busyTimeoutMs; try again/ };

/** Another process takes and holds the write lock of a log in random bursts. */
class Storm implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly begun: Promise<unknown>;

  constructor(log: string, seed: number, burstMsMax: number) {
    const { command, args } = programCommand("../faults/storming_program.ts", [
      log,
      String(seed),
      String(burstMsMax),
    ]);
    this.#process = new Deno.Command(command, {
      args,
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const reader = this.#process.stdout.getReader();
    this.begun = reader.read().finally(() => reader.cancel());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stdin.close();
    assertEquals((await this.#process.status).code, 0);
  }
}

for (const variant of SOME) {
  if (variant.kind !== "sqlite") continue;
  const storms = [
    { busyTimeoutMs: 60_000, burstMsMax: 30, isTold: false },
    { busyTimeoutMs: 0, burstMsMax: 200, isTold: true },
  ];
  for (const { busyTimeoutMs, burstMsMax, isTold } of storms) {
    Deno.test(
      `SQLITE_BUSY storm: ${
        nameOf(variant)
      } with busyTimeoutMs ${busyTimeoutMs} ${
        isTold ? "says locked" : "waits"
      }, and has each event once`,
      async () => {
        await withFolder(async (folder) => {
          const log = `${folder}/log`;
          const open = () => openLog(log, variant, { busyTimeoutMs });
          const trial = new Trial();
          {
            await using sink = await open();
            let refused = 0;
            {
              await using storm = new Storm(log, 1, burstMsMax);
              await within("the storm", storm.begun);
              const rounds = sized(20, 500);
              for (let n = 0; n < rounds || (isTold && refused === 0); n++) {
                const errors = await trial.append(sink);
                for (const error of errors) assertTold(error, LOCKED);
                refused += errors.length;
              }
              await trial.check(sink);
            }
            assert(refused > 0 === isTold, `${refused} refused`);
            for (const error of await trial.appendRefused(sink)) throw error;
            await trial.checkAll(sink);
          }
          assertEquals(await openFilesIn(folder), []);
          await using again = await open();
          await trial.checkAll(again);
        });
      },
    );
  }
}
