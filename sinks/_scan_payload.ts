// The canonical text of a payload, straight from its stored text: one scan, no
// objects. Whatever is not spelt exactly as we or the predecessor spell it is
// left to the parser, whose word is law; tests compare the two.
import { canonicalFloat } from "./_numbers.ts";
import { PAYLOAD_DEPTH_MAX } from "./_payload.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;

/** Thrown at the first thing that is not in stored form. */
const NOT_STORED_FORM = new Error("not in stored form");

/** Escapes that stored text and canonical text have in common. */
const ESCAPE = /\\(?:["\\bfnrt]|u00(?:0[0-7bef]|1[0-9a-f]))/y;
const FLOAT = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** Integers of as many digits are all within a double. */
const DIGITS_MAX = 308;
/** Up to here insertion sort is faster than a general one. */
const INSERTION_SORT_MAX = 16;

function isDigit(code: number): boolean {
  return code >= ZERO && code <= 0x39;
}

/** Reads a payload in stored form and returns it in canonical form. */
class PayloadScanner {
  readonly #text: string;
  at: number;

  constructor(text: string, at: number) {
    this.#text = text;
    this.at = at;
  }

  value(depth: number): string {
    const code = this.#text.charCodeAt(this.at);
    if (code === QUOTE) return this.#string();
    if (code === MINUS || isDigit(code)) return this.#number();
    switch (code) {
      case 0x7b:
        return this.object(depth);
      case 0x5b:
        return this.#array(depth);
      case 0x74:
        return this.#word("true");
      case 0x66:
        return this.#word("false");
      case 0x6e:
        return this.#word("null");
    }
    throw NOT_STORED_FORM;
  }

  object(depth: number): string {
    if (depth > PAYLOAD_DEPTH_MAX) throw NOT_STORED_FORM;
    const text = this.#text;
    if (text.charCodeAt(this.at + 1) === 0x7d) {
      this.at += 2;
      return "{}";
    }
    const keys: string[] = [];
    const values: string[] = [];
    let sorted = true;
    do {
      this.at++;
      const key = this.#key();
      this.at++;
      sorted &&= keys.length === 0 || keys[keys.length - 1]! < key;
      keys.push(key);
      values.push(this.value(depth + 1));
    } while (text.charCodeAt(this.at) === COMMA);
    if (text.charCodeAt(this.at) !== 0x7d) throw NOT_STORED_FORM;
    this.at++;
    if (!sorted) sortByKey(keys, values);
    let canonical = `{"${keys[0]}":${values[0]}`;
    for (let i = 1; i < keys.length; i++) {
      // Of two equal keys the last counts, which is for the parser to know.
      if (keys[i] === keys[i - 1]) throw NOT_STORED_FORM;
      canonical += `,"${keys[i]}":${values[i]}`;
    }
    return `${canonical}}`;
  }

  #array(depth: number): string {
    if (depth > PAYLOAD_DEPTH_MAX) throw NOT_STORED_FORM;
    const text = this.#text;
    if (text.charCodeAt(this.at + 1) === 0x5d) {
      this.at += 2;
      return "[]";
    }
    let canonical = "";
    do {
      this.at++;
      canonical += `${canonical === "" ? "[" : ","}${this.value(depth + 1)}`;
    } while (text.charCodeAt(this.at) === COMMA);
    if (text.charCodeAt(this.at) !== 0x5d) throw NOT_STORED_FORM;
    this.at++;
    return `${canonical}]`;
  }

  /** A string with its quotes; other than ASCII is still raw. */
  #string(): string {
    const text = this.#text;
    const start = this.at;
    let at = start + 1;
    while (true) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) break;
      if (code === BACKSLASH) {
        ESCAPE.lastIndex = at;
        if (!ESCAPE.test(text)) throw NOT_STORED_FORM;
        at = ESCAPE.lastIndex;
      } else if (code >= 0x20) at++;
      // A control character, or the NaN that stands behind the end.
      else throw NOT_STORED_FORM;
    }
    this.at = at + 1;
    return text.slice(start, this.at);
  }

  /** A key without its quotes, of those that `<` orders by code point. */
  #key(): string {
    const text = this.#text;
    if (text.charCodeAt(this.at) !== QUOTE) throw NOT_STORED_FORM;
    const start = this.at + 1;
    let at = start;
    let code = text.charCodeAt(at);
    while (code !== QUOTE) {
      // The negation is true of NaN too, which stands behind the end.
      if (!(code >= 0x20 && code < 0xd800) || code === BACKSLASH) {
        throw NOT_STORED_FORM;
      }
      code = text.charCodeAt(++at);
    }
    if (text.charCodeAt(at + 1) !== COLON) throw NOT_STORED_FORM;
    this.at = at + 1;
    return text.slice(start, at);
  }

  #number(): string {
    const text = this.#text;
    const start = this.at;
    let at = text.charCodeAt(start) === MINUS ? start + 1 : start;
    const first = at;
    while (isDigit(text.charCodeAt(at))) at++;
    const next = text.charCodeAt(at);
    if (next !== DOT && next !== 0x65 && next !== 0x45) {
      // No digits, a leading zero and -0 are all left to the parser, and so is
      // what may be beyond a double.
      if (at === first || at - first > DIGITS_MAX) throw NOT_STORED_FORM;
      if (text.charCodeAt(first) === ZERO && at !== start + 1) {
        throw NOT_STORED_FORM;
      }
      this.at = at;
      return text.slice(start, at);
    }
    FLOAT.lastIndex = start;
    if (!FLOAT.test(text)) throw NOT_STORED_FORM;
    this.at = FLOAT.lastIndex;
    return floatText(text.slice(start, this.at));
  }

  #word(word: string): string {
    if (!this.#text.startsWith(word, this.at)) throw NOT_STORED_FORM;
    this.at += word.length;
    return word;
  }
}

/** A float's canonical text. */
function floatText(token: string): string {
  const value = Number(token);
  if (!Number.isFinite(value)) throw NOT_STORED_FORM;
  const size = Math.abs(value);
  // Where neither has an exponent, JS and Python spell a fraction alike.
  if (size >= 1e-4 && size < 1e16 && String(value) === token) return token;
  return canonicalFloat(value);
}

/** Sorts keys, and their values with them. */
function sortByKey(keys: string[], values: string[]): void {
  if (keys.length > INSERTION_SORT_MAX) {
    const pairs = keys.map((key, i) => ({ key, value: values[i]! }));
    pairs.sort((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
    for (const [i, { key, value }] of pairs.entries()) {
      keys[i] = key;
      values[i] = value;
    }
    return;
  }
  for (let i = 1; i < keys.length; i++) {
    const key = keys[i]!;
    const value = values[i]!;
    let at = i;
    for (; at > 0 && keys[at - 1]! > key; at--) {
      keys[at] = keys[at - 1]!;
      values[at] = values[at - 1]!;
    }
    keys[at] = key;
    values[at] = value;
  }
}

/**
 * Scans the object that begins at a place of a text.
 *
 * @returns The object's canonical text, except that other than ASCII is still
 * raw, and where the object ends; `undefined` where it is not in stored form.
 */
export function scanPayload(
  text: string,
  start: number,
): { canonical: string; end: number } | undefined {
  const scanner = new PayloadScanner(text, start);
  try {
    const canonical = scanner.object(1);
    return { canonical, end: scanner.at };
  } catch (error) {
    if (error === NOT_STORED_FORM) return undefined;
    throw error;
  }
}
