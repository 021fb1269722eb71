/** Prints a row of the table that docs/guarantees.md shows. */
export function reportRow(...cells: readonly (string | number)[]): void {
  const shown = cells.map((cell) =>
    typeof cell === "number" ? cell.toLocaleString("en-US") : cell
  );
  console.log(`| ${shown.join(" | ")} |`);
}
