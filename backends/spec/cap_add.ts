import { listOf, textOf, wrong } from "./spec_values.ts";

/**
 * The capabilities that a spec may add: what package managers and servers need
 * inside, and nothing that reaches outside of the container.
 */
export const CAP_ADD_ALLOWED = [
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "NET_BIND_SERVICE",
  "SETGID",
  "SETUID",
] as const;

/** A capability that a spec may add. */
export type AllowedCapability = typeof CAP_ADD_ALLOWED[number];

/**
 * Reads capabilities, with or without `CAP_`, in either case.
 *
 * @param value The list, which may be anything.
 * @param what What it is, as messages name it.
 * @returns Each of them once, in alphabetical order.
 * @throws {BackendError} `spec_refused`
 */
export function readCapAdd(
  value: unknown,
  what = "capAdd",
): readonly AllowedCapability[] {
  const asked = new Set<string>();
  for (const each of listOf(value, what, 64)) {
    const text = textOf(each, `an entry of ${what}`, 64);
    const name = text.toUpperCase().replace(/^CAP_/, "");
    if (!CAP_ADD_ALLOWED.some((allowed) => allowed === name)) {
      wrong(
        `an entry of ${what}`,
        text,
        `it must be one of ${CAP_ADD_ALLOWED.join(", ")}`,
      );
    }
    asked.add(name);
  }
  return Object.freeze(CAP_ADD_ALLOWED.filter((name) => asked.has(name)));
}
