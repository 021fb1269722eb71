/** Longer names are no typing mistakes, and would take long to compare. */
const NAME_LENGTH_MAX = 64;

/** The known name that is most like another one. */
export interface NearestName {
  /** The known name. */
  readonly name: string;
  /** Whether it is so much like it that it may have been meant. */
  readonly isClose: boolean;
}

/**
 * Finds the known name that someone may have meant: whatever the case and the
 * separators, with letters missing, added, exchanged or swapped, or with the
 * beginning alone in common (`cpu`, `environment`).
 *
 * @param name What was written.
 * @param known The known names; at least one.
 */
export function nearestName(
  name: string,
  known: readonly string[],
): NearestName {
  const from = plain(name);
  let nearest = { name: "", distance: Infinity, isClose: false };
  for (const candidate of known) {
    const to = plain(candidate);
    const distance = editDistance(from, to);
    const isClose = distance <= Math.max(from.length, to.length) / 3 ||
      isBeginning(from, to) || isBeginning(to, from);
    const isNearer = isClose === nearest.isClose
      ? distance < nearest.distance
      : isClose;
    if (isNearer) nearest = { name: candidate, distance, isClose };
  }
  return { name: nearest.name, isClose: nearest.isClose };
}

function plain(name: string): string {
  return name.slice(0, NAME_LENGTH_MAX).toLowerCase().replace(/[_\-. ]/g, "");
}

function isBeginning(short: string, long: string): boolean {
  return short.length >= 3 && long.startsWith(short);
}

/** How many letters to add, drop, exchange or swap with their neighbour. */
function editDistance(from: string, to: string): number {
  let before: number[] = [];
  let above = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const exchange = from[i - 1] === to[j - 1] ? 0 : 1;
      let least = Math.min(
        above[j]! + 1,
        row[j - 1]! + 1,
        above[j - 1]! + exchange,
      );
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] &&
        from[i - 2] === to[j - 1];
      if (swapped) least = Math.min(least, before[j - 2]! + 1);
      row.push(least);
    }
    before = above;
    above = row;
  }
  return above[to.length]!;
}
