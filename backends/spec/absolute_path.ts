import { posix } from "node:path";
import { textOf, wrong } from "./spec_values.ts";

/** What the kernel takes at most. */
const PATH_LENGTH_MAX = 4095;

/**
 * Reads a path that has one reading only: absolute, normalised, without control
 * characters, and without colons, which separate paths for an engine.
 *
 * @param value The path.
 * @param what What it is for, as messages name it.
 */
export function absolutePath(value: unknown, what: string): string {
  const path = textOf(value, what, PATH_LENGTH_MAX);
  if (!path.startsWith("/")) wrong(what, path, "it must be an absolute path");
  if (/[\p{Cc}:]/u.test(path)) {
    wrong(what, path, "it must have neither colons nor control characters");
  }
  const normal = normalPath(path);
  if (path !== normal) {
    wrong(what, path, `it must be normalised: write ${normal}`);
  }
  return path;
}

/** A path without `.`, `..`, doubled slashes and a slash at its end. */
export function normalPath(path: string): string {
  // POSIX leaves the meaning of two slashes at the beginning to the system.
  const normal = posix.normalize(path);
  return normal === "/" ? normal : normal.replace(/\/$/, "");
}

/** Whether a path is a folder or inside it; both are normalised. */
export function isWithin(path: string, folder: string): boolean {
  return folder === "/" || path === folder || path.startsWith(`${folder}/`);
}
