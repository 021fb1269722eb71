/** How large a file may be, unless the caller says otherwise: 100 MiB. */
export const FILE_BYTES_MAX: number = 100 * 1024 * 1024;
/** How large a tree may be, unless the caller says otherwise: 1 GiB. */
export const TREE_BYTES_MAX: number = 1024 * 1024 * 1024;
/** How many entries a list may have, unless the caller says otherwise. */
export const LIST_LIMIT = 10_000;

/** The largest `limit`: the whole list is held in memory. */
const LIST_LIMIT_MAX = 100_000;
const TREE_ENTRIES_MAX = 100_000;
/** The largest `maxEntries`: the names of what was extracted are held in memory. */
const TREE_ENTRIES_LIMIT = 1_000_000;

/**
 * Checks a bound.
 *
 * @param name The option's name.
 * @param value Its value.
 * @param max The most that it may be.
 * @throws {RangeError} If it is no integer from 0 to the most.
 */
export function checkBound(
  name: string,
  value: number,
  max: number = Number.MAX_SAFE_INTEGER,
): void {
  if (Number.isSafeInteger(value) && value >= 0 && value <= max) return;
  throw new RangeError(`${name}: ${value} is no integer from 0 to ${max}`);
}

/**
 * Checks permissions.
 *
 * @param mode The permissions, if any are asked for.
 * @returns The same.
 * @throws {RangeError} If they are no integer from 0 to 0o777.
 */
export function checkMode(mode: number | undefined): number | undefined {
  if (mode === undefined) return undefined;
  if (Number.isSafeInteger(mode) && mode >= 0 && mode <= 0o777) return mode;
  throw new RangeError(`mode: ${mode} is no integer from 0 to 0o777`);
}

/**
 * Checks how many entries a list may have.
 *
 * @param limit How many.
 * @throws {RangeError} If it is no integer from 0 to 100,000.
 */
export function checkLimit(limit: number): void {
  checkBound("limit", limit, LIST_LIMIT_MAX);
}

/** How large a tree may be. */
export interface TreeBounds {
  /** How many bytes all files may have. */
  readonly maxBytes: number;
  /** How many entries there may be. */
  readonly maxEntries: number;
}

/**
 * Checks how large a tree may be, and fills in the defaults.
 *
 * @param options What the caller says.
 * @returns Both bounds.
 * @throws {RangeError} If one is no integer in its range.
 */
export function treeBounds(
  { maxBytes = TREE_BYTES_MAX, maxEntries = TREE_ENTRIES_MAX }: Partial<
    TreeBounds
  >,
): TreeBounds {
  checkBound("maxBytes", maxBytes);
  checkBound("maxEntries", maxEntries, TREE_ENTRIES_LIMIT);
  return { maxBytes, maxEntries };
}
