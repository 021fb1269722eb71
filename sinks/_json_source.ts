// Reads JSON without losing what JSON.parse loses: how a number was spelt, and
// the order of keys that look like integers. Only texts that JSON.parse has
// accepted come here, so syntax is not checked a second time. As with JSON.parse,
// what an equal key behind it replaces is not there, and is not refused either.
import { refuse } from "./_event_fields.ts";
import { canonicalFloat, storedFloat } from "./_numbers.ts";
import { PAYLOAD_DEPTH_MAX } from "./_payload.ts";

/** A number that JS cannot tell apart from its neighbours: 1.0, -0.0, 2**70. */
export class SourceNumber {
  /** As it stands in stored text. */
  readonly stored: string;
  /** As it stands in canonical text. */
  readonly canonical: string;

  /** Takes a number of JSON that is a finite double. */
  constructor(token: string) {
    if (/[.eE]/.test(token)) {
      const value = Number(token);
      this.stored = storedFloat(value);
      this.canonical = canonicalFloat(value);
    } else {
      this.stored = this.canonical = token === "-0" ? "0" : token;
    }
  }
}

/** A JSON value with its numbers and key order as written. */
export type SourceValue =
  | null
  | boolean
  | string
  | SourceNumber
  | SourceValue[]
  | Map<string, SourceValue>;

/** A value that is refused, unless an equal key behind it replaces it. */
class Refused {
  /** Throws the error that says why. */
  readonly refuse: () => never;

  constructor(what: string, value: string, rule: string) {
    this.refuse = () => refuse(what, value, rule);
  }
}

/** A value as it is read; its strings may not be well-formed. */
type Unchecked =
  | null
  | boolean
  | string
  | SourceNumber
  | Refused
  | Unchecked[]
  | Map<string, Unchecked>;

/** Refuses what a value may not have, wherever in it it is. */
function check(value: Unchecked): asserts value is SourceValue {
  if (typeof value === "string") {
    if (!value.isWellFormed()) {
      refuse("a string", value, "it must not contain a lone surrogate");
    }
  } else if (value instanceof Refused) value.refuse();
  else if (value instanceof Map) {
    for (const [key, member] of value) {
      check(key);
      check(member);
    }
  } else if (Array.isArray(value)) value.forEach(check);
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): Unchecked {
    this.#skipSpace();
    const first = this.#text[this.#at];
    if (depth > PAYLOAD_DEPTH_MAX && (first === "{" || first === "[")) {
      return this.#tooDeep();
    }
    switch (first) {
      case "{":
        return this.#object(depth);
      case "[":
        return this.#array(depth);
      case '"':
        return this.#string();
      case "t":
        this.#at += 4;
        return true;
      case "f":
        this.#at += 5;
        return false;
      case "n":
        this.#at += 4;
        return null;
      default:
        return this.#number();
    }
  }

  #skipSpace(): void {
    while (" \t\n\r".includes(this.#text[this.#at] ?? "x")) this.#at++;
  }

  /** Steps over the next character that is no space, and returns it. */
  #next(): string | undefined {
    this.#skipSpace();
    return this.#text[this.#at++];
  }

  /** Steps over what is not read, without a call for each of its levels. */
  #tooDeep(): Refused {
    let open = 0;
    do {
      const char = this.#text[this.#at];
      if (char === '"') this.#string();
      else {
        if (char === "{" || char === "[") open++;
        if (char === "}" || char === "]") open--;
        this.#at++;
      }
    } while (open > 0);
    const rule = `a payload may nest ${PAYLOAD_DEPTH_MAX} levels`;
    return new Refused("the payload", "nested deeper", rule);
  }

  #object(depth: number): Map<string, Unchecked> {
    const members = new Map<string, Unchecked>();
    this.#at++;
    this.#skipSpace();
    if (this.#text[this.#at] === "}") {
      this.#at++;
      return members;
    }
    do {
      this.#skipSpace();
      const key = this.#string();
      this.#next();
      // Of two equal keys the last wins, in the place of the first, as in Python.
      members.set(key, this.value(depth + 1));
    } while (this.#next() === ",");
    return members;
  }

  #array(depth: number): Unchecked[] {
    const items: Unchecked[] = [];
    this.#at++;
    this.#skipSpace();
    if (this.#text[this.#at] === "]") {
      this.#at++;
      return items;
    }
    do items.push(this.value(depth + 1)); while (this.#next() === ",");
    return items;
  }

  #string(): string {
    // No regular expression here: its backtracking stack overflows on a string
    // of some megabytes.
    const start = this.#at;
    let end = start;
    let escaped: boolean;
    do {
      end = this.#text.indexOf('"', end + 1);
      escaped = false;
      for (let i = end - 1; this.#text[i] === "\\"; i--) escaped = !escaped;
    } while (escaped);
    this.#at = end + 1;
    return JSON.parse(this.#text.slice(start, this.#at)) as string;
  }

  #number(): SourceNumber | Refused {
    const start = this.#at;
    while ("+-.eE0123456789".includes(this.#text[this.#at] ?? "x")) this.#at++;
    const token = this.#text.slice(start, this.#at);
    if (Number.isFinite(Number(token))) return new SourceNumber(token);
    const rule = "it must be a finite double";
    return new Refused("a number of the payload", token, rule);
  }
}

/** Reads a JSON text that JSON.parse accepts. */
export function readSource(text: string): SourceValue {
  const value = new Reader(text).value(0);
  check(value);
  return value;
}

/** The stored text of a value that was read from source. */
export function storedText(value: SourceValue): string {
  if (value instanceof SourceNumber) return value.stored;
  if (value instanceof Map) {
    const members = Array.from(
      value,
      ([key, member]) => `${JSON.stringify(key)}:${storedText(member)}`,
    );
    return `{${members.join(",")}}`;
  }
  if (Array.isArray(value)) return `[${value.map(storedText).join(",")}]`;
  return JSON.stringify(value);
}
