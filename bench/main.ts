// deno task bench [sqlite] [jsonl] [size] [growth] [postgres] [docker]
// [egress] [--quick] [--write] [--install]: all parts when none is named. Ratios are within one run,
// of medians of interleaved rounds; see README.
import { dockerTables } from "./_docker.ts";
import { egressRows } from "./_egress.ts";
import { load, machine } from "./_env.ts";
import { growthTables } from "./_growth.ts";
import { jsonlTables } from "./_jsonl.ts";
import { installPeers } from "./_peer.ts";
import { postgresTables } from "./_postgres.ts";
import { boundTable, markdown, type Part, type Table } from "./_section.ts";
import { sizeTables } from "./_size.ts";
import { sqliteTables } from "./_sqlite.ts";
import { CHARTS, writeSection } from "./_write.ts";

const parts: Record<string, Part> = {
  sqlite: sqliteTables,
  jsonl: jsonlTables,
  size: sizeTables,
  growth: growthTables,
  postgres: postgresTables,
  docker: dockerTables,
  async egress({ dir }) {
    const rows = await egressRows(dir);
    return typeof rows === "string"
      ? rows
      : [boundTable("Scoped egress, and what is asked of it", rows)];
  },
};

const flags = new Set(Deno.args.filter((arg) => arg.startsWith("--")));
const quick = flags.delete("--quick");
const writes = flags.delete("--write");
const installs = flags.delete("--install");
const args = Deno.args.filter((arg) => !arg.startsWith("--"));
const named = args.length > 0 ? args : Object.keys(parts);
const unknown = [
  ...flags,
  ...named.filter((name) => !Object.hasOwn(parts, name)),
];
if (unknown.length > 0) {
  console.error(
    `bench: no ${unknown.join(", ")}; ${Object.keys(parts).join(", ")}, ` +
      "--quick, --write, --install",
  );
  Deno.exit(2);
}
if (installs) await installPeers();

async function run(part: Part): Promise<Table[] | string> {
  // Beside the code, since the temporary folder may be in memory.
  const dir = await Deno.makeTempDir({ dir: ".", prefix: ".bench-" });
  try {
    return await part({ dir, quick });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

for (const name of named) {
  const before = await load();
  const startedMs = performance.now();
  const tables = await run(parts[name]!);
  if (typeof tables === "string") {
    console.log(`\n${name} is skipped: ${tables}`);
    continue;
  }
  const minutes = ((performance.now() - startedMs) / 60_000).toFixed(1);
  const today = new Date().toISOString().slice(0, 10);
  const where = `_${today}: ${await machine()}. ${minutes} minutes` +
    `${quick ? ", by --quick" : ""}; the load was ${before} when it began, ` +
    `${await load()} when it ended._`;
  const text = [where, ...tables.map((table) => markdown(table, CHARTS))]
    .join("\n\n");
  console.log(`\n${text}`);
  if (writes) await writeSection(name, text, tables);
}
