// Scoped egress beside a wire; what measures it is a program of its own.
import { output } from "../tests/egress/commands.ts";
import type { Row } from "./_table.ts";

const PROGRAM = new URL("egress_rows.ts", import.meta.url).pathname;

/** Every row of the table that is about egress, or why there is none. */
export async function egressRows(dir: string): Promise<Row[] | string> {
  const args = ["run", "--no-prompt", "-A", PROGRAM, dir];
  return JSON.parse(await output(Deno.execPath(), args));
}
