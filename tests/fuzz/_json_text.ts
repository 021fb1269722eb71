// Random JSON text: every escape and every kind of character, space, equal keys,
// deep nesting; and text that is nearly JSON.
import { Random } from "./_form.ts";
import { numberText } from "./_number_text.ts";

const SPACES = ["", "", "", "", "", "", " ", "\n", "\t", "\r\n", "  "];
/** What is space elsewhere, and not in JSON. */
const NO_SPACES = ["\u00a0", "\f", "\v", "\ufeff", "\u2028", "/**/", "\0"];

/** Random numbers for a text, and the form that it is to have. */
export class TextRandom extends Random {
  /** Whether it is to have no space, and no escapes that need not be. */
  isCompact = false;
}

/** Space between two tokens, mostly none. */
export function space(random: TextRandom): string {
  if (random.isCompact) return "";
  return random.oneIn(10_000) ? random.pick(NO_SPACES) : random.pick(SPACES);
}

/** Characters at the edges of what is escaped, sorted or encoded alike. */
const EDGES = [
  ...[0, 1, 8, 9, 0xa, 0xb, 0xc, 0xd, 0x1b, 0x1e, 0x1f, 0x20, 0x22, 0x2f],
  ...[0x5c, 0x7e, 0x7f, 0x80, 0x9f, 0xa0, 0xad, 0xff, 0x100, 0x7ff, 0x800],
  ...[0x2028, 0x2029, 0xd7ff, 0xe000, 0xfeff, 0xfffd, 0xfffe, 0xffff],
  ...[0x10000, 0x1f600, 0x1ffff, 0xdffff, 0x10fffe, 0x10ffff, 0x130, 0x17f],
];

function codePoint(random: Random): number {
  switch (random.below(12)) {
    case 0:
    case 1:
      return random.pick(EDGES);
    case 2: {
      const code = random.below(0x110000 - 0x800);
      return code < 0xd800 ? code : code + 0x800;
    }
    case 3:
      return 0x10000 + random.below(0x100000);
    case 4:
      return random.below(0x800);
    default:
      return 0x20 + random.below(0x5f);
  }
}

function escapedUnit(unit: number, random: Random): string {
  const hex = unit.toString(16).padStart(4, "0");
  return `\\u${random.oneIn(2) ? hex : hex.toUpperCase()}`;
}

const SHORT = new Map([
  [0x22, '\\"'],
  [0x5c, "\\\\"],
  [0x2f, "\\/"],
  [0x08, "\\b"],
  [0x0c, "\\f"],
  [0x0a, "\\n"],
  [0x0d, "\\r"],
  [0x09, "\\t"],
]);

/** What JSON does not have in a string, or not by itself. */
const BROKEN = [
  ...[
    "\\ud800",
    "\\uDBFF",
    "\\udc00",
    "\\uDFFF",
    "\\ude00\\ud83d",
    "\\ud83d\\n",
  ],
  ...["\ud800", "\udfff", "\ud83d\\ude00", "\\ud83d\ude00", "\\ud83dx"],
  ...["\n", "\t", "\0", "\x1f", "\\x41", "\\u12", "\\u12g4", "\\U0041", "\\"],
  ...["\\'", "\\v", "\\0", "\\u+041", "\\u 041", "\\u0x41", "\\u004１"],
];

function charText(random: TextRandom): string {
  const code = codePoint(random);
  const char = String.fromCodePoint(code);
  const short = SHORT.get(code);
  if (random.isCompact) return JSON.stringify(char).slice(1, -1);
  if (short !== undefined && !random.oneIn(4)) return short;
  const mustEscape = code < 0x20 || code === 0x22 || code === 0x5c;
  if (!mustEscape && !random.oneIn(4)) return char;
  return char.split("").map((unit) => escapedUnit(unit.charCodeAt(0), random))
    .join("");
}

const WORDS = [
  ...["a", "b", "A", "aa", "ab", "", "ctx", "payload", "hash", "é", "e\u0301"],
  ...["1", "0", "10", "2", "-1", "01", "4294967294", "4294967295", "1.0"],
  ...[
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "toJSON",
    "then",
  ],
  ...[
    "\ue000",
    "\uffff",
    "😀",
    "\u{10000}",
    "\u{10ffff}",
    "\ud7ff",
    "K",
    "\u212a",
  ],
];

/** Text in JSON; now and then it is broken. */
export function stringText(random: TextRandom): string {
  if (random.oneIn(3)) {
    return JSON.stringify(random.pick(WORDS));
  }
  const length = random.oneIn(200)
    ? random.below(3000)
    : random.below(random.oneIn(5) ? 40 : 8);
  let text = "";
  for (let n = 0; n < length; n++) text += charText(random);
  if (random.oneIn(random.isCompact ? 5000 : 500)) {
    text += random.pick(BROKEN);
  }
  return `"${text}"`;
}

const PLAIN = [..."abcdefghijkABC", "_x", "x_", "é", "10", "9", "aa", "a b"];

/** A key, or text that stands in a column. In stored form it is mostly plain. */
export function nameText(random: TextRandom): string {
  return random.isCompact && !random.oneIn(30)
    ? JSON.stringify(random.pick(PLAIN))
    : stringText(random);
}

const LITERALS = ["null", "true", "false", "[]", "{}", "[[]]", "{ }", "[ ]"];
/** Words that some readers take. */
const NO_LITERALS = [
  ...["None", "True", "undefined", "nul", "truefalse", "'a'", "[,]", "[1,]"],
  ...['{"a":1,}', "{a:1}", '{"a"}', '{"a":}', "[1 2]", '{"a" 1}', "{,}", ""],
];

/** A value that nests at most so deep. */
export function valueText(random: TextRandom, depth: number): string {
  const kind = random.below(depth > 0 ? 10 : 7);
  if (kind < 4) return numberText(random);
  if (kind < 6) return stringText(random);
  if (kind < 7) {
    return random.pick(random.oneIn(300) ? NO_LITERALS : LITERALS);
  }
  return kind < 9 ? objectText(random, depth) : arrayText(random, depth);
}

function arrayText(random: TextRandom, depth: number): string {
  const items = Array.from(
    { length: random.below(5) },
    () => space(random) + valueText(random, depth - 1) + space(random),
  );
  return `[${items.join(",")}]`;
}

/** An object that nests at most so deep; some of its keys may be equal. */
export function objectText(random: TextRandom, depth: number): string {
  const length = random.oneIn(60) ? random.below(40) : random.below(6);
  const keys: string[] = [];
  const members: string[] = [];
  for (let n = 0; n < length; n++) {
    const key = n > 0 && random.oneIn(15)
      ? random.pick(keys)
      : space(random) + nameText(random) + space(random);
    keys.push(key);
    members.push(
      `${key}:${space(random)}${valueText(random, depth - 1)}${space(random)}`,
    );
  }
  return `{${members.join(",")}}`;
}

/** A payload that nests as deep as one may, or somewhat deeper. */
export function deepText(random: TextRandom): string {
  const levels = random.oneIn(20) ? 20_000 : 190 + random.below(20);
  const isArray = random.oneIn(2);
  const open = isArray ? "[" : '{"a":';
  const core = random.pick(["1.0", "[]", "{}", '""', "null"]);
  const middle = open.repeat(levels) + core +
    (isArray ? "]" : "}").repeat(levels);
  return random.oneIn(3)
    ? `{"deep":${middle},"deep":${valueText(random, 1)}}`
    : `{"deep":${middle}}`;
}

const SIGNIFICANT = '{}[]:,"\\0123456789.eE+-ntfu \n\t\ud83d\ude00\u2028\0';

/** The text with something changed, which may or may not matter. */
export function mutated(text: string, random: Random): string {
  for (let n = 1 + random.below(3); n > 0; n--) {
    const at = random.below(text.length + 1);
    const to = Math.min(text.length, at + 1 + random.below(4));
    const before = text.slice(0, at);
    const after = text.slice(to);
    switch (random.below(6)) {
      case 0:
        text = before + after;
        break;
      case 1:
        text = before + random.pick([...SIGNIFICANT]) + text.slice(at);
        break;
      case 2:
        text = before + random.pick([...SIGNIFICANT]) + text.slice(at + 1);
        break;
      case 3:
        text = before + text.slice(at, to).repeat(2) + after;
        break;
      case 4:
        text = random.oneIn(3) ? before : before + text.slice(at);
        break;
      default: {
        const from = random.below(text.length + 1);
        text = before + text.slice(from, from + 12) + text.slice(at);
      }
    }
  }
  return text;
}
