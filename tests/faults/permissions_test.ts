// Root is let in whatever the permissions are, so the log is kept by a process
// that lacks the two capabilities which that takes.
import { assertEquals } from "@std/assert";
import { nameOf, openLog, SOME, withFolder } from "./_logs.ts";
import { liveThrough } from "./_program.ts";
import { BOUND_BY_MODES, NO_MODES, unless } from "./_root.ts";
import { assertTold } from "./_trial.ts";
import { SinkError } from "../../sinks/mod.ts";

/** What is not allowed any more, when, and whether it is missed. */
interface Loss {
  readonly name: string;
  /** Modes of the folder and of every file in it. */
  readonly folder: number;
  readonly files: number;
}

const AT_OPEN: readonly Loss[] = [
  { name: "read-only file", folder: 0o755, files: 0o444 },
  { name: "permissions taken away from the files", folder: 0o755, files: 0 },
  { name: "permissions taken away from the folder", folder: 0, files: 0o644 },
];

async function setModes(
  folder: string,
  { folder: mode, files }: Omit<Loss, "name">,
): Promise<void> {
  await Deno.chmod(folder, 0o755);
  for await (const { name } of Deno.readDir(folder)) {
    await Deno.chmod(`${folder}/${name}`, files);
  }
  await Deno.chmod(folder, mode);
}

const READ_ONLY = { codes: ["read_only"], says: /Allow|Grant|allow/ };
const WHOLE = { folder: 0o755, files: 0o644 };

for (const variant of SOME) {
  Deno.test({
    ...unless(
      NO_MODES,
      `read-only file, permissions taken away: ${
        nameOf(variant)
      } says read_only at open, and opens when they are back`,
    ),
    fn: () =>
      withFolder(async (folder) => {
        const path = `${folder}/log`;
        await (await openLog(path, variant)).close();
        for (const loss of AT_OPEN) {
          await setModes(folder, loss);
          try {
            const told = await liveThrough(path, variant, BOUND_BY_MODES, {
              attemptsMax: 0,
              after: () => setModes(folder, WHOLE),
            });
            assertEquals(told.map(({ doing }) => doing), ["open"], loss.name);
            for (const { code, message } of told) {
              assertTold(new SinkError(code as "io", message), READ_ONLY);
            }
          } finally {
            await setModes(folder, WHOLE);
          }
        }
      }),
  });
}

for (const variant of SOME) {
  Deno.test({
    ...unless(
      NO_MODES,
      `permissions taken away: ${
        nameOf(variant)
      } goes on with the files that it has open, or says read_only until they are back`,
    ),
    fn: () =>
      withFolder(async (folder) => {
        const path = `${folder}/log`;
        await (await openLog(path, variant)).close();
        const plan = { isLockedOut: true };
        const told = await liveThrough(path, variant, BOUND_BY_MODES, plan);
        // SQLite opens nothing by name while it goes on.
        if (variant.kind === "sqlite") assertEquals(told, []);
        else assertEquals(told.length > 0, true);
        for (const { code, message } of told) {
          assertTold(new SinkError(code as "io", message), READ_ONLY);
        }
      }),
  });
}
