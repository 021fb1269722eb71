import { textOf, wrong } from "./spec_values.ts";

/** What the kernel takes for "leave it as it is", one above the last id. */
const NO_ID = 2 ** 32 - 1;
const NAME = /^[a-z_][a-z0-9_-]{0,31}\$?$/;
const RULE = "it must be name, uid or uid:gid: names as in /etc/passwd, ids " +
  `from 0 to ${NO_ID - 1}`;

/**
 * Reads a user as `name`, `uid`, `name:group` or `uid:gid`, with ids in their
 * shortest form.
 *
 * @param value The user, which may be anything.
 * @param what What it is for, as messages name it.
 * @throws {BackendError} `spec_refused`
 */
export function readUser(value: unknown, what = "user"): string {
  const parts = textOf(value, what, 128).split(":");
  if (parts.length > 2) wrong(what, value, RULE);
  return parts.map((part) => idOrName(part) ?? wrong(what, value, RULE))
    .join(":");
}

function idOrName(part: string): string | undefined {
  if (NAME.test(part)) return part;
  if (!/^\d{1,20}$/.test(part)) return undefined;
  const id = Number(part);
  return id < NO_ID ? String(id) : undefined;
}

/**
 * Whether a user is root by its name or its id: `root`, `0`, `00`, `0:1000`,
 * `root:daemon`. (Only the image's own files tell of other names with the id 0.)
 *
 * @param user The user.
 */
export function asksForRoot(user: string): boolean {
  return /^(?:root|0+)(?::|$)/.test(user);
}
