// Where and with what something was measured, as the tables have to say.
import { loadDriver } from "../sinks/sqlite/load_driver.ts";

async function read(program: string, ...args: string[]): Promise<string> {
  try {
    const { stdout } = await new Deno.Command(program, { args }).output();
    return new TextDecoder().decode(stdout).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

/** How many programs wanted a processor in the last minute, as Linux counts. */
export async function load(): Promise<string> {
  return (await read("cat", "/proc/loadavg")).split(" ")[0] || "unknown";
}

/** The machine, in a line. */
export async function machine(): Promise<string> {
  const cpus = await read("cat", "/proc/cpuinfo");
  const model = /model name\s*: (.*)/.exec(cpus)?.[1] ?? Deno.build.arch;
  const [, fileSystem = "unknown"] = (await read("df", "--output=fstype", "."))
    .split("\n");
  const { hardwareConcurrency } = navigator;
  return `${hardwareConcurrency} cores (${model}), ` +
    `${await read("uname", "-sr")}, ${fileSystem}, Deno ${Deno.version.deno}`;
}

/** The versions of SQLite that the two drivers run. */
export async function sqliteVersions(): Promise<string> {
  const builtin = await loadDriver("builtin");
  const ffi = await loadDriver("ffi");
  return `SQLite ${builtin.version} (builtin), ${ffi.version} (ffi)`;
}
