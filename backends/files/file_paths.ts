import { BackendError } from "../backend_error.ts";
import { encodeName } from "./file_names.ts";

/** How long a path may be, in bytes; the kernel's limit, with its NUL. */
const PATH_BYTES_MAX = 4095;

/** A path in a sandbox that has been checked. */
export interface SandboxPath {
  /** The whole of it, without what is superfluous. */
  readonly path: string;
  /** The folder that it is in: `/` for `/` itself. */
  readonly folder: string;
  /** Its last part; empty for `/`. */
  readonly name: string;
}

/** What JSON leaves as it is, and a terminal may act upon. */
const CONTROLS = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** Text of others as it may stand in a message. */
export function quote(text: string): string {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return JSON.stringify(shown.toWellFormed()).replaceAll(
    CONTROLS,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function refuse(path: string, why: string): BackendError {
  return new BackendError(
    "file_refused",
    `Cannot use the path ${quote(path)} in a sandbox: it ${why}`,
  );
}

/**
 * Checks a path. A `..` is refused, since what it leads to depends on links.
 *
 * @param path An absolute path in a sandbox.
 * @returns The path and its parts.
 * @throws {TypeError} If it is no text.
 * @throws {BackendError} `file_refused` if it is not absolute, has a `..` or NUL,
 * or is too long.
 */
export function checkPath(path: string): SandboxPath {
  if (typeof path !== "string") {
    throw new TypeError(`A path in a sandbox must be text, not ${typeof path}`);
  }
  if (!path.startsWith("/")) throw refuse(path, "does not begin with a slash");
  if (path.includes("\0")) throw refuse(path, "has a NUL in it");
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) {
    throw refuse(path, 'has a ".." in it; name the folder itself');
  }
  const bytes = encodeName(path);
  if (bytes === undefined) {
    throw refuse(path, "has a lone surrogate that stands for no byte");
  }
  if (bytes.length > PATH_BYTES_MAX) {
    throw refuse(path, `takes ${bytes.length} bytes of ${PATH_BYTES_MAX}`);
  }
  const name = parts.pop() ?? "";
  const folder = `/${parts.join("/")}`;
  return {
    path: folder === "/" ? `/${name}` : `${folder}/${name}`,
    folder,
    name,
  };
}
