// Violations as they are kept: a log that was written anew has one an event, and
// nobody reads a million of them.
import type { ChainViolation } from "./chain_violation.ts";

/** How much of each text is kept: an editor may have put anything there. */
const TEXT_CHARS_MAX = 1_024;

/** A copy whose texts are short, and share no memory with the row's own. */
function kept(violation: ChainViolation): ChainViolation {
  const clipped = Object.entries(violation).map(([name, value]) =>
    typeof value === "string" && value.length > TEXT_CHARS_MAX
      ? [name, `${value.slice(0, TEXT_CHARS_MAX)}…`]
      : [name, value]
  );
  return structuredClone(Object.fromEntries(clipped));
}

/** The first violations up to a bound, and how many there are. */
export class ViolationList {
  /** The first violations. */
  items: ChainViolation[] = [];
  /** How many were reported. */
  total = 0;
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  /** Whether some were reported that are not kept. */
  get isCut(): boolean {
    return this.total > this.items.length;
  }

  add(violation: ChainViolation): void {
    this.total++;
    if (this.items.length < this.#max) this.items.push(kept(violation));
  }
}

/** Several lists as one: in log order, then what has no place in the log. */
export function mergeViolations(
  lists: readonly ViolationList[],
  max: number,
): ChainViolation[] {
  const last = Infinity;
  return lists.flatMap(({ items }) => items)
    .sort((a, b) =>
      // Two of them without a place differ by NaN, which is as good as equal.
      (a.seq ?? last) - (b.seq ?? last) || compareTraces(a, b)
    )
    .slice(0, max);
}

function compareTraces(a: ChainViolation, b: ChainViolation): number {
  if (a.seq !== undefined) return 0;
  const left = a.trace_id ?? "";
  const right = b.trace_id ?? "";
  return left < right ? -1 : left > right ? 1 : 0;
}
