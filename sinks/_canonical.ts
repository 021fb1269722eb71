// Canonical text, over which hashes are taken: compact JSON in ASCII, with keys
// sorted by code point at every depth. See docs/formats.md.
import { SourceNumber, type SourceValue } from "./_json_source.ts";
import { canonicalNumber } from "./_numbers.ts";

const SURROGATE = /[\ud800-\udfff]/;
const NOT_PRINTABLE_ASCII = /[^\x20-\x7e]/g;

/**
 * Orders strings by Unicode code point. JS compares UTF-16 units, which differs
 * where a surrogate meets a unit from U+E000 on.
 */
export function compareCodePoints(a: string, b: string): number {
  if (!SURROGATE.test(a) && !SURROGATE.test(b)) {
    return a < b ? -1 : a > b ? 1 : 0;
  }
  const left = Array.from(a, (char) => char.codePointAt(0)!);
  const right = Array.from(b, (char) => char.codePointAt(0)!);
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    if (left[i] !== right[i]) return left[i]! - right[i]!;
  }
  return left.length - right.length;
}

/** The value's canonical text, except that other than ASCII is still raw. */
function write(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "number":
      return canonicalNumber(value);
    case "boolean":
      return value ? "true" : "false";
  }
  if (value === null) return "null";
  if (value instanceof SourceNumber) return value.canonical;
  let text = "";
  if (Array.isArray(value)) {
    for (const item of value) text += `${text && ","}${write(item)}`;
    return `[${text}]`;
  }
  if (value instanceof Map) {
    const keys = [...value.keys()].sort(compareCodePoints);
    for (const key of keys) {
      text += `${text && ","}${JSON.stringify(key)}:${write(value.get(key))}`;
    }
    return `{${text}}`;
  }
  const members = value as Record<string, unknown>;
  const keys = Object.keys(members);
  if (keys.length > 1) keys.sort(compareCodePoints);
  for (const key of keys) {
    text += `${text && ","}${JSON.stringify(key)}:${write(members[key])}`;
  }
  return `{${text}}`;
}

/** Escapes that have been needed before, by UTF-16 unit. */
const escapes: string[] = [];

const HEX = new TextEncoder().encode("0123456789abcdef");
const BYTES_AN_ESCAPE = 6;
const ascii = new TextDecoder("ascii");
/** Of how many units of a text it is seen whether most have to be escaped. */
const SAMPLES = 64;
/** From which share of them on it is faster to write bytes than to join texts. */
const DENSE = 1 / 4;

/** Escapes everything outside 0x20..0x7e, astral characters as two units. */
export function escapeToAscii(text: string): string {
  return isDense(text) ? escapeUnits(text) : escapeGaps(text);
}

function isEscaped(unit: number): boolean {
  return unit < 0x20 || unit > 0x7e;
}

function isDense(text: string): boolean {
  if (text.length < SAMPLES) return false;
  const step = text.length / SAMPLES;
  let found = 0;
  for (let n = 0; n < SAMPLES; n++) {
    if (isEscaped(text.charCodeAt(Math.floor(n * step)))) found++;
  }
  return found > SAMPLES * DENSE;
}

/** For a text of which much has to be escaped, such as one in Chinese. */
function escapeUnits(text: string): string {
  const bytes = new Uint8Array(text.length * BYTES_AN_ESCAPE);
  let to = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (isEscaped(unit)) {
      bytes[to] = 0x5c;
      bytes[to + 1] = 0x75;
      bytes[to + 2] = HEX[unit >> 12]!;
      bytes[to + 3] = HEX[unit >> 8 & 0xf]!;
      bytes[to + 4] = HEX[unit >> 4 & 0xf]!;
      bytes[to + 5] = HEX[unit & 0xf]!;
      to += BYTES_AN_ESCAPE;
    } else bytes[to++] = unit;
  }
  return ascii.decode(bytes.subarray(0, to));
}

/** For a text of which little has to be. */
function escapeGaps(text: string): string {
  let escaped = "";
  let from = 0;
  NOT_PRINTABLE_ASCII.lastIndex = 0;
  // Half the time of a replace with a callback.
  while (NOT_PRINTABLE_ASCII.test(text)) {
    const end = NOT_PRINTABLE_ASCII.lastIndex;
    const unit = text.charCodeAt(end - 1);
    escapes[unit] ??= `\\u${unit.toString(16).padStart(4, "0")}`;
    escaped += text.slice(from, end - 1) + escapes[unit];
    from = end;
  }
  return from === 0 ? text : escaped + text.slice(from);
}

/** The canonical text of a JSON value, as JS or as source has it. */
export function canonicalText(value: SourceValue | unknown): string {
  return escapeToAscii(write(value));
}
