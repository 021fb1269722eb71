import { assertEquals } from "@std/assert";
import { type LogSink, nameOf, openLog, SOME, VARIANTS } from "./_logs.ts";
import { NO_VOLUME, unless, withVolume } from "./_root.ts";
import { assertTold, openFilesIn, survives, Trial } from "./_trial.ts";

const VOLUME_BYTES = 1024 * 1024;
/** So that a JSONL log is rotated as well. */
const maxBytes = 400_000;

/** Fills the volume that a folder is on to its last byte. */
async function fill(path: string): Promise<void> {
  using file = await Deno.open(path, { append: true, create: true });
  for (let bytes = 65_536; bytes >= 1;) {
    try {
      if (await file.write(new Uint8Array(bytes)) < bytes) bytes = 1;
    } catch (error) {
      if ((error as { code?: string }).code !== "ENOSPC") throw error;
      bytes = bytes === 1 ? 0 : 1;
    }
  }
}

const FULL = { codes: ["disk_full"], says: /[Ff]ree some space/ };

for (const variant of VARIANTS) {
  Deno.test({
    ...unless(
      NO_VOLUME,
      `disk full: ${
        nameOf(variant)
      } says disk_full, and goes on when there is room`,
    ),
    fn: () =>
      withVolume(VOLUME_BYTES, async (folder) => {
        const ballast = `${folder}/ballast`;
        const open = () => openLog(`${folder}/log`, variant);
        await survives(folder, open, {
          ...FULL,
          begin: () => fill(ballast),
          end: () => Deno.remove(ballast),
          // What is left of the last page may hold a line or two.
          mayPass: true,
        });
      }),
  });
}

/** So many commits that the next ones bring a look at the write-ahead log. */
const APPENDS = 250;

for (const variant of SOME) {
  Deno.test({
    ...unless(
      NO_VOLUME,
      `disk full: ${
        nameOf(variant)
      } rejects nothing that it has stored, and can be closed and opened`,
    ),
    fn: () =>
      withVolume(12 * VOLUME_BYTES, async (folder) => {
        const ballast = `${folder}/ballast`;
        const open = () => openLog(`${folder}/log`, variant, { maxBytes });
        const trial = new Trial();
        const appendOne = async (sink: LogSink) => {
          const event = trial.event({ text: "x".repeat(6000) });
          for (const error of await trial.submit(sink, [[event]])) {
            assertTold(error, FULL);
            const { event_id } = event;
            assertEquals(
              await sink.count({ event_id }),
              0,
              "refused is absent",
            );
          }
        };
        {
          await using sink = await open();
          for (let n = 0; n < APPENDS; n++) await appendOne(sink);
          await trial.checkAll(sink);
          await fill(ballast);
          for (let n = 0; n < 30; n++) await appendOne(sink);
          await trial.check(sink);
        }
        assertEquals(await openFilesIn(folder), []);
        await Deno.remove(ballast);
        await using again = await open();
        await trial.check(again);
        for (const error of await trial.appendRefused(again)) throw error;
        await trial.checkAll(again);
      }),
  });
}
