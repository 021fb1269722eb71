/** A program of the machine that the check needs, and the package that has it. */
const PROGRAMS = [
  ["ip", "iproute2"],
  ["openssl", "openssl"],
  ["chroot", "coreutils"],
  ["timeout", "coreutils"],
  ["mount", "mount"],
  ["tar", "tar"],
  ["ldd", "libc-bin"],
] as const;

const BUSYBOX = "/bin/busybox";

/**
 * Finds out what keeps the check from being run on this machine, beside the
 * engine. Nothing is skipped instead: a check that did not look has not passed.
 *
 * @returns What is missing; undefined if nothing is.
 */
export async function missing(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") {
    return `network namespaces, which ${Deno.build.os} has not: run it on Linux`;
  }
  if (!await isRoot()) {
    return "root, who alone may make network namespaces: run it with sudo";
  }
  for (const [program, from] of PROGRAMS) {
    if (!await answers(program)) {
      return `the program ${program}: install the package ${from}`;
    }
  }
  if (!await answers(BUSYBOX) || await answers("ldd", BUSYBOX)) {
    return `${BUSYBOX} without libraries: install the package busybox-static`;
  }
  return undefined;
}

/** Asks another program, since Deno tells only whom it is allowed to. */
async function isRoot(): Promise<boolean> {
  const { stdout } = await new Deno.Command("id", { args: ["-u"] }).output();
  return new TextDecoder().decode(stdout).trim() === "0";
}

/** Whether a program is there, and succeeds if it is given an argument. */
async function answers(program: string, argument?: string): Promise<boolean> {
  const args = argument === undefined ? ["--version"] : [argument];
  try {
    const stdio = { stdin: "null", stdout: "null", stderr: "null" } as const;
    const { success } = await new Deno.Command(program, { args, ...stdio })
      .output();
    return argument === undefined || success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
