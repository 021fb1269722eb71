/**
 * The commands that the README tells a newcomer to run: the lines of its first
 * `sh` block, each split into words.
 *
 * @throws {Error} If there is no such block, or a line in it needs a shell.
 */
export function readmeCommands(markdown: string): string[][] {
  const block = /^```sh\n(.*?)^```$/ms.exec(markdown)?.[1];
  if (block === undefined) {
    throw new Error("Cannot find the README's commands: it has no sh block");
  }
  const lines = block.split("\n").map((line) => line.replace(/\s+#.*$/, ""));
  return lines.filter((line) => line !== "").map((line) => {
    if (/["'$|&;<>()]/.test(line)) {
      throw new Error(
        `Cannot run the README's command "${line}": it needs a shell; ` +
          "write it with plain words",
      );
    }
    return line.split(" ");
  });
}
