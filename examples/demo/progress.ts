import { formatNumber } from "./table.ts";

const WIDTH = 40;
/** Between two lines where there is no terminal to redraw one. */
const STEP_PERCENT = 25;

/** Where progress is shown. */
export interface ProgressOutput {
  /** Whether a line can be drawn over. */
  readonly isTerminal: boolean;
  /** Writes text as it is. */
  readonly write: (text: string) => void;
}

/**
 * Makes a progress bar: one line that is redrawn on a terminal, else a line every
 * 25 %.
 *
 * @returns What is to be told how many are done.
 */
export function progressBar(
  total: number,
  { isTerminal, write }: ProgressOutput,
): (done: number) => void {
  let shown = 0;
  return (done) => {
    const percent = Math.floor(100 * done / total);
    const step = isTerminal ? 1 : STEP_PERCENT;
    if (Math.floor(percent / step) <= Math.floor(shown / step)) return;
    shown = percent;
    const count = `${formatNumber(done)} of ${formatNumber(total)} events`;
    const text = `${`${percent}`.padStart(3)} %  ${count}`;
    if (!isTerminal) return write(`${text}\n`);
    const filled = Math.round(WIDTH * done / total);
    const bar = "█".repeat(filled) + "░".repeat(WIDTH - filled);
    write(`\r${bar} ${text}${done === total ? "\n" : ""}`);
  };
}
