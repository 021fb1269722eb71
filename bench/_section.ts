// What a part of the bench comes to: tables, charts, and what has to be said.
import { holds, type Row } from "./_table.ts";

/** A table under its title. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Charts of it: the file's name and its SVG. */
  readonly charts?: Readonly<Record<string, string>>;
  /** What has to be known to read it. */
  readonly note?: string;
}

/** How a part is run. */
export interface BenchOptions {
  /** A folder for what is written. */
  readonly dir: string;
  /** Whether to measure less, and less well. */
  readonly quick: boolean;
}

/** A part: its tables, or why there are none. */
export type Part = (options: BenchOptions) => Promise<Table[] | string>;

/** Rows that have a bound, as a table; what falls short is in bold. */
export function boundTable(title: string, rows: readonly Row[]): Table {
  return {
    title,
    columns: ["what", "measured", "value", "asked for"],
    rows: rows.map((row) => {
      const { what, measured, ratio, bound, unit = "×" } = row;
      const value = `${ratio.toFixed(2)} ${unit}`;
      const asked = bound === undefined
        ? "–"
        : "least" in bound
        ? `≥ ${bound.least} ${unit}`
        : `≤ ${bound.most} ${unit}`;
      return [what, measured, holds(row) ? value : `**${value}**`, asked];
    }),
  };
}

/** A table in Markdown, with its charts from a folder. */
export function markdown(table: Table, folder: string): string {
  const { title, columns, rows, charts = {}, note } = table;
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const parts = [`### ${title}`];
  if (note !== undefined) parts.push(note);
  parts.push([columns, columns.map(() => "---"), ...rows].map(line).join("\n"));
  for (const name of Object.keys(charts)) {
    parts.push(`![${title}](${folder}${name}.svg)`);
  }
  return parts.join("\n\n");
}
