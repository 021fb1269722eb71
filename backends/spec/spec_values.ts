// Reading values that may be anything: each once, own enumerable ones alone, so
// that neither a prototype nor a getter can tell the check another value than
// the engine is given.
import { nearestName } from "./nearest_name.ts";
import { refusal } from "./refusal.ts";
import { shown, shownList } from "./shown.ts";

/** What is at fault and why, as every message here has it. */
export function wrong(what: string, value: unknown, rule: string): never {
  throw refusal(`${what} is ${shown(value)}, but ${rule}`);
}

/** The entries of a plain object. */
export function entriesOf(
  value: unknown,
  what: string,
  countMax = Infinity,
): [string, unknown][] {
  // A Map or an instance of a class keeps its content where no key tells of it.
  if (!isPlainObject(value)) {
    wrong(what, value, "it must be a plain object");
  }
  const entries = Object.entries(value);
  if (entries.length > countMax) {
    throw refusal(
      `${what} has ${entries.length} entries, but the most is ${countMax}`,
    );
  }
  return entries;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return false;
  }
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/**
 * The values of an object whose keys are known. One that is undefined counts as
 * left out.
 *
 * @param value The object.
 * @param what What it is, as messages name it.
 * @param known The keys that it may have.
 * @throws {BackendError} `spec_refused`, with the nearest of the known keys.
 */
export function fieldsOf<Key extends string>(
  value: unknown,
  what: string,
  known: readonly Key[],
): Map<Key, unknown> {
  const fields = new Map<Key, unknown>();
  for (const [key, field] of entriesOf(value, what)) {
    const isKnown = (name: string): name is Key =>
      known.some((each) => each === name);
    if (!isKnown(key)) throw unknownKey(key, what, known);
    if (field !== undefined) fields.set(key, field);
  }
  return fields;
}

function unknownKey(key: string, what: string, known: readonly string[]) {
  const { name, isClose } = nearestName(key, known);
  return refusal(
    `${what} has the unknown key ${shown(key)}; ` +
      (isClose
        ? `did you mean ${name}?`
        : `the nearest is ${name}, of ${known.join(", ")}`),
  );
}

/** A list's values. */
export function listOf(
  value: unknown,
  what: string,
  countMax: number,
): unknown[] {
  if (!Array.isArray(value)) wrong(what, value, "it must be an array");
  if (value.length > countMax) {
    throw refusal(
      `${what} has ${value.length} entries, but the most is ${countMax}`,
    );
  }
  return Array.from(value);
}

/** Text that a container may be given: without NUL, and Unicode. */
export function textOf(
  value: unknown,
  what: string,
  lengthMax = 4096,
): string {
  if (typeof value !== "string") wrong(what, value, "it must be a string");
  const problem = textProblem(value, lengthMax);
  if (problem !== undefined) wrong(what, value, problem);
  return value;
}

/** Why text cannot be given to a container, without showing it: it may be secret. */
export function textProblem(
  text: string,
  lengthMax: number,
): string | undefined {
  if (text.length > lengthMax) {
    return `it must not be longer than ${lengthMax} characters`;
  }
  if (text.includes("\0")) return "it must not contain NUL";
  if (!text.isWellFormed()) return "it must not contain a lone surrogate";
  return undefined;
}

/** True or false. */
export function booleanOf(value: unknown, what: string): boolean {
  if (typeof value !== "boolean") {
    wrong(what, value, "it must be true or false");
  }
  return value;
}

/** One of some words. */
export function oneOf<Word extends string>(
  value: unknown,
  what: string,
  words: readonly Word[],
): Word {
  const word = words.find((each) => each === value);
  return word ?? wrong(what, value, `it must be one of ${shownList(words)}`);
}

/** An object that is a copy, cannot be changed, and has no prototype's keys. */
export function frozenRecord<T>(
  entries: Iterable<readonly [string, T]>,
): Readonly<Record<string, T>> {
  // This defines each key, so that "__proto__" is one like any other.
  return Object.freeze(Object.fromEntries(entries));
}
