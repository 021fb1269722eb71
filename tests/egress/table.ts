import type { Row } from "./rows.ts";

const HEAD = ["attack", "control", "sandbox", "record", "verdict"];
const RECORD_WIDTH = 26;

/** Prints rows as a table, as they come. */
export class Table {
  readonly #widths: readonly number[];

  /** Makes a table wide enough for names. */
  constructor(names: readonly string[]) {
    const width = Math.max(...names.map(({ length }) => length));
    this.#widths = [width, 7, 7, RECORD_WIDTH, 7];
    console.log(this.#line(HEAD));
    console.log(this.#line(this.#widths.map((width) => "-".repeat(width))));
  }

  /** Prints a row, with the reasons if it failed. */
  add({ name, control, sandbox, record, held }: Row): void {
    console.log(this.#line([
      name,
      control === null ? "" : control.ok ? "works" : "FAILS",
      sandbox === null ? "" : sandbox.ok ? "held" : "FAILED",
      record,
      held ? "held" : "FAILED",
    ]));
    if (control?.ok === false) {
      console.log(`  the attack itself does not work: ${control.note}`);
    }
    if (sandbox?.ok === false) console.log(`  ${sandbox.note}`);
  }

  #line(cells: readonly string[]): string {
    return cells.map((cell, i) => cell.padEnd(this.#widths[i]!)).join("  ")
      .trimEnd();
  }
}
