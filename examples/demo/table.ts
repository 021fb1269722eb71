/** A row: numbers are aligned to the right, everything else to the left. */
export type Row = readonly (string | number)[];

/** How many rows of a table are shown. */
const ROWS_MAX = 12;

/** Formats a number with separators. */
export function formatNumber(value: number): string {
  return Math.round(value).toLocaleString("en");
}

/** Lays out rows under headings; of a long table only the first rows. */
export function formatTable(headings: readonly string[], rows: Row[]): string {
  const shown = rows.slice(0, ROWS_MAX);
  const cells = [headings, ...shown.map((row) => row.map(cellText))];
  const widths = headings.map((_, i) =>
    Math.max(...cells.map((row) => row[i]!.length))
  );
  const lines = cells.map((row) =>
    row.map((cell, i) =>
      typeof shown[0]?.[i] === "number"
        ? cell.padStart(widths[i]!)
        : cell.padEnd(widths[i]!)
    ).join("  ").trimEnd()
  );
  const left = rows.length - shown.length;
  if (left > 0) lines.push(`… and ${formatNumber(left)} more`);
  return lines.map((line) => `  ${line}`).join("\n");
}

function cellText(cell: string | number): string {
  return typeof cell === "number" ? formatNumber(cell) : cell;
}
