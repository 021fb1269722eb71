// What only root may do: small volumes, and other users.

const REQUIRED = Deno.env.get("ZU_REQUIRE_ROOT") === "1";

async function output(command: string, args: string[]): Promise<string> {
  try {
    const { code, stdout, stderr } = await new Deno.Command(command, { args })
      .output();
    const decoder = new TextDecoder();
    if (code === 0) return decoder.decode(stdout);
    throw new Error(`${command} ${args.join(" ")}: ${decoder.decode(stderr)}`);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new Error(`there is no ${command}`, { cause });
  }
}

/** Runs a command, and fails with what it says. */
export async function run(command: string, ...args: string[]): Promise<void> {
  await output(command, args);
}

async function tried(what: () => Promise<void>): Promise<string | undefined> {
  try {
    await what();
    return undefined;
  } catch (error) {
    const reason = (error as Error).message.trim();
    if (REQUIRED) {
      throw new Error(`ZU_REQUIRE_ROOT is 1, and ${reason}`, { cause: error });
    }
    return reason;
  }
}

/** A volume of a few bytes, which is gone at the end of the test. */
export async function withVolume<Result>(
  bytes: number,
  test: (folder: string) => Promise<Result>,
  options = "",
): Promise<Result> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  await run(
    "mount",
    ...["-t", "tmpfs", "-o", `size=${bytes}${options}`, "zu-faults", folder],
  );
  try {
    return await test(folder);
  } finally {
    await run("umount", folder);
    await Deno.remove(folder);
  }
}

/** Why no volume can be mounted; undefined where one can. */
export const NO_VOLUME: string | undefined = await tried(() =>
  withVolume(65_536, () => Promise.resolve())
);

/**
 * Runs what follows so that the modes of files bind it, as they bind whoever is
 * not root.
 */
export const BOUND_BY_MODES: readonly string[] = [
  "setpriv",
  "--bounding-set=-dac_override,-dac_read_search",
];

/** Why modes cannot be made to bind; undefined where they can. */
export const NO_MODES: string | undefined = await tried(() =>
  run(BOUND_BY_MODES[0]!, ...BOUND_BY_MODES.slice(1), "true")
);

/** Why no program can be run under strace; undefined where one can. */
export const NO_STRACE: string | undefined = await tried(() =>
  run("strace", "-o/dev/null", "true")
);

/** A test's options: skipped for a reason, which its name then tells. */
export function unless(
  reason: string | undefined,
  name: string,
): { name: string; ignore: boolean } {
  return reason === undefined
    ? { name, ignore: false }
    : { name: `${name} [skipped: ${reason}]`, ignore: true };
}
