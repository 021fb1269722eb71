import { output } from "./commands.ts";
import { type Engine, isInUse, isNotThere } from "./engine.ts";

/** The image of sandboxes that attack. */
export const CLIENT_IMAGE = "localhost/zu-test/deno-client:1";

const LABEL = "zu.test.client";
/** What is counted up when the root folder is made otherwise. */
const RECIPE = 1;

/** Makes the image of a root folder, unless the engine has it already. */
export async function makeClientImage(
  engine: Engine,
  root: string,
): Promise<void> {
  const { size = 0, mtime } = await Deno.stat("/bin/busybox");
  const made = `${RECIPE}-${Deno.version.deno}-${size}-${mtime?.getTime()}`;
  const old = await engine.getImage(CLIENT_IMAGE).inspect().catch((error) => {
    if (isNotThere(error)) return undefined;
    throw error;
  });
  if (old?.Config.Labels?.[LABEL] === made) return;
  const archive = `${root}.tar`;
  try {
    await output("tar", [
      ...["-C", root, "--owner=0", "--group=0", "--exclude=./etc/resolv.conf"],
      ...["--exclude=./zu", "-cf", archive, "."],
    ]);
    const changes = [
      `LABEL ${LABEL}=${made}`,
      "ENV PATH=/bin HOME=/tmp DENO_DIR=/tmp/deno NO_COLOR=1",
    ];
    const said = await engine.importImage(archive, {
      repo: CLIENT_IMAGE,
      changes,
    });
    // It is made when the engine has said all it has to say.
    for await (const _ of said);
  } finally {
    await Deno.remove(archive).catch(() => {});
  }
  // Without its name, the old one is of no use to anyone.
  if (old !== undefined) {
    await engine.getImage(old.Id).remove().catch((error) => {
      // A container may still be made of it.
      if (!isNotThere(error) && !isInUse(error)) throw error;
    });
  }
}
