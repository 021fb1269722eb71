/**
 * Whether a SQLite version has the WAL-reset bug: two connections that write and
 * checkpoint one file at once can lose or corrupt committed pages.
 *
 * Versions 3.7.0 to 3.51.2 have it, except 3.44.6 and later of 3.44 and 3.50.7
 * and later of 3.50. See "The WAL-Reset Bug" on https://sqlite.org/wal.html.
 *
 * @param version SQLite's version, such as `3.46.0`.
 * @returns Whether a second writer is unsafe.
 */
export function hasWalResetBug(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  // What is no number is not known to be safe.
  if (major !== 3) return !(major > 3);
  if (minor < 7) return false;
  if (minor === 44) return patch < 6;
  if (minor === 50) return patch < 7;
  if (minor === 51) return patch <= 2;
  return !(minor > 51);
}
