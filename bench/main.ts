// deno task bench [sqlite] [jsonl] [growth] [docker]: all when nothing is named.
// Ratios are within one run, of medians of interleaved rounds; see README.
import { dockerRows } from "./_docker.ts";
import { growthRows } from "./_growth.ts";
import { jsonlRows } from "./_jsonl.ts";
import { sqliteRows } from "./_sqlite.ts";
import { printTable } from "./_table.ts";

const parts: Record<string, (dir: string) => Promise<void>> = {
  async sqlite(dir) {
    for (const driver of ["builtin", "ffi"] as const) {
      printTable(`SqliteSink, driver ${driver}`, await sqliteRows(driver, dir));
    }
  },
  async jsonl(dir) {
    printTable("JsonlSink", await jsonlRows(dir));
  },
  async growth(dir) {
    printTable("A million events, driver builtin", await growthRows(dir));
  },
  async docker() {
    const rows = await dockerRows();
    if (typeof rows === "string") console.log(`\ndocker is skipped: ${rows}`);
    else printTable("LocalDockerBackend", rows);
  },
};

const named = Deno.args.length > 0 ? Deno.args : Object.keys(parts);
for (const name of named) {
  const part = parts[name];
  if (part === undefined) {
    console.error(`bench: no part "${name}"; ${Object.keys(parts).join(", ")}`);
    Deno.exit(2);
  }
  // Beside the code, since the temporary folder may be in memory.
  const dir = await Deno.makeTempDir({ dir: ".", prefix: ".bench-" });
  try {
    await part(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
