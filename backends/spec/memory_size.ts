const UNITS = {
  "": 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
} as const;

/**
 * Reads an amount of memory as Docker writes it: `512m`, `1.5g`, `64k`, `64KiB`,
 * `1024`, all of them powers of 1024.
 *
 * @param text The text.
 * @returns The bytes, without a fraction; undefined if it is no amount.
 */
export function parseMemorySize(text: string): number | undefined {
  const parts = /^(\d{1,16}(?:\.\d{1,16})?) ?(?:([kmgt])(?:i?b)?|b)?$/i.exec(
    text,
  );
  if (parts === null) return undefined;
  const unit = (parts[2] ?? "").toLowerCase() as keyof typeof UNITS;
  const bytes = Math.floor(Number(parts[1]) * UNITS[unit]);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Bytes as a message shows them: `1g`, `256m`, `1000`. */
export function memoryText(bytes: number): string {
  for (const unit of ["t", "g", "m", "k"] as const) {
    if (bytes > 0 && bytes % UNITS[unit] === 0) {
      return `${bytes / UNITS[unit]}${unit}`;
    }
  }
  return `${bytes} bytes`;
}
