// The parts of a spec that are text for the container: each bounded, so that the
// engine and the kernel take what was accepted here.
import { refusal } from "./refusal.ts";
import { shown } from "./shown.ts";
import {
  entriesOf,
  frozenRecord,
  listOf,
  textOf,
  textProblem,
  wrong,
} from "./spec_values.ts";

/** The most variables, and the most labels. */
export const ENTRIES_MAX = 512;
/** The most characters of all variables, all labels, or all arguments. */
export const TEXT_MAX = 131_072;
/** Labels that begin like this are the backend's own. */
export const LABEL_PREFIX = "zu.";

const ARGUMENTS_MAX = 4096;
const LABEL_KEY_MAX = 256;

/**
 * Reads environment variables. Their values may be secrets, and no message
 * shows them.
 */
export function readEnv(
  value: unknown,
  what = "env",
): Readonly<Record<string, string>> {
  return readRecord(
    value,
    what,
    (name) =>
      /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
        ? undefined
        : "a variable's name has letters, digits and _, and begins with no digit",
  );
}

/** Reads labels. */
export function readLabels(
  value: unknown,
  what = "labels",
): Readonly<Record<string, string>> {
  return readRecord(value, what, (key) => {
    if (key.startsWith(LABEL_PREFIX)) {
      return `labels that begin with ${LABEL_PREFIX} are the backend's own`;
    }
    if (key === "" || /[\s=\p{C}]/u.test(key)) {
      return "a label's name has neither spaces nor =, and is not empty";
    }
    return textProblem(key, LABEL_KEY_MAX);
  });
}

function readRecord(
  value: unknown,
  what: string,
  keyProblem: (key: string) => string | undefined,
): Readonly<Record<string, string>> {
  const entries: [string, string][] = [];
  let room = TEXT_MAX;
  for (const [key, text] of entriesOf(value, what, ENTRIES_MAX)) {
    const problem = keyProblem(key);
    if (problem !== undefined) {
      throw refusal(`${what} has the key ${shown(key)}, but ${problem}`);
    }
    if (typeof text !== "string") {
      wrong(`${what}.${key}`, kindOf(text), "it must be a string");
    }
    room -= key.length + text.length;
    const textIs = room < 0
      ? `all of ${what} must not be longer than ${TEXT_MAX} characters`
      : textProblem(text, TEXT_MAX);
    if (textIs !== undefined) throw refusal(`${what}.${key}: ${textIs}`);
    entries.push([key, text]);
  }
  return frozenRecord(entries);
}

/** What a value is, without showing it. */
function kindOf(value: unknown): unknown {
  return typeof value === "number" || typeof value === "bigint" ||
      typeof value === "symbol"
    ? `a ${typeof value}`
    : value;
}

/** Reads a program and its arguments. */
export function readCommand(
  value: unknown,
  what = "command",
): readonly string[] {
  const words = listOf(value, what, ARGUMENTS_MAX)
    .map((word, i) => textOf(word, `${what}[${i}]`, TEXT_MAX));
  if (words.length === 0) {
    throw refusal(`${what} is empty, but it must name a program`);
  }
  if (words[0] === "") wrong(`${what}[0]`, "", "it must name a program");
  if (words.join("").length > TEXT_MAX) {
    throw refusal(`${what} must not be longer than ${TEXT_MAX} characters`);
  }
  return Object.freeze(words);
}

/** Reads the name of a container runtime, such as `runsc`. */
export function readRuntime(value: unknown, what = "runtime"): string {
  const name = textOf(value, what, 128);
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) return name;
  wrong(what, name, "it must be the name of a runtime, such as runsc");
}
