// Writes what was measured into the README, between a part's two markers, and
// the charts beside it.
import type { Table } from "./_section.ts";

/** The charts' folder, as the README names it. */
export const CHARTS = "charts/";
const README = new URL("README.md", import.meta.url);

/** Puts a part's text in the place of its last one, if it has a place. */
export async function writeSection(
  name: string,
  text: string,
  tables: readonly Table[],
): Promise<void> {
  const readme = await Deno.readTextFile(README);
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from < 0 || to < from) {
    console.log(`\nREADME.md has no place for ${name}: ${begin} … ${end}`);
    return;
  }
  const before = readme.slice(0, from + begin.length);
  await Deno.writeTextFile(
    README,
    `${before}\n\n${text}\n\n${readme.slice(to)}`,
  );
  const written = [README.pathname];
  const folder = new URL(CHARTS, README);
  await Deno.mkdir(folder, { recursive: true });
  for (const { charts = {} } of tables) {
    for (const [chart, svg] of Object.entries(charts)) {
      const path = new URL(`${chart}.svg`, folder);
      await Deno.writeTextFile(path, svg);
      written.push(path.pathname);
    }
  }
  // The gate checks the formatting of either.
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "-q", ...written] })
    .output();
}
