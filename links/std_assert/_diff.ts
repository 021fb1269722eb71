/** The most lines on either side that are compared line by line. */
const DIFF_LINES_MAX = 2_000;

/**
 * The difference of two texts, one line each: `-` is only in `actual`, `+` only
 * in `expected`.
 */
export function diff(actual: string, expected: string): string {
  const a = actual.split("\n");
  const b = expected.split("\n");
  if (a.length > DIFF_LINES_MAX || b.length > DIFF_LINES_MAX) {
    // The table below grows with the product of both, so long texts are shown
    // whole instead.
    return [...a.map(removed), ...b.map(added)].join("\n");
  }
  const common = commonLengths(a, b);
  const lines: string[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push(`    ${a[i++]}`);
      j++;
    } else if (
      j >= b.length ||
      (i < a.length && at(common, i + 1, j) >= at(common, i, j + 1))
    ) {
      lines.push(removed(a[i++] ?? ""));
    } else {
      lines.push(added(b[j++] ?? ""));
    }
  }
  return lines.join("\n");
}

function removed(line: string): string {
  return `-   ${line}`;
}

function added(line: string): string {
  return `+   ${line}`;
}

/** The length of the longest common subsequence of each pair of tails. */
function commonLengths(a: string[], b: string[]): Uint16Array[] {
  const rows = Array.from(
    { length: a.length + 1 },
    () => new Uint16Array(b.length + 1),
  );
  for (let i = a.length - 1; i >= 0; i--) {
    const row = rows[i]!;
    for (let j = b.length - 1; j >= 0; j--) {
      row[j] = a[i] === b[j]
        ? at(rows, i + 1, j + 1) + 1
        : Math.max(at(rows, i + 1, j), at(rows, i, j + 1));
    }
  }
  return rows;
}

function at(rows: Uint16Array[], i: number, j: number): number {
  return rows[i]?.[j] ?? 0;
}
