import { Child, type ProgramCommand, programCommand } from "../crash/_child.ts";

/** The command that runs a program of this folder, which may use the network. */
export function networkedCommand(
  program: string,
  args: readonly string[],
): ProgramCommand {
  const { command, args: all } = programCommand(`../postgres/${program}`, args);
  return { command, args: all.toSpliced(1, 0, "--allow-net") };
}

/** Starts appending_program.ts. */
export function startAppending(
  url: string,
  { seed, firstTrace = 0, life = "one" }: {
    readonly seed: number;
    readonly firstTrace?: number;
    readonly life?: "sessions" | "one";
  },
): Child {
  const args = [url, String(seed), String(firstTrace), life];
  return new Child(networkedCommand("appending_program.ts", args));
}
