import { refuseArchive } from "./tar_header.ts";
import { quote } from "./file_paths.ts";

/** How long a path may be, in characters; systems end at 4095 bytes. */
const PATH_MAX = 4095;
/** How deep folders may be nested: removing them takes an open file for each. */
const DEPTH_MAX = 256;

/** What Windows takes for something other than a name. */
// deno-lint-ignore no-control-regex
const NOT_ON_WINDOWS = /[<>:"\\|?*\u0000-\u001f]|[. ]$/;
const DEVICES =
  /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)/i;

/**
 * The parts of an entry's path, from the folder that it is extracted to.
 *
 * @param path The path, as the archive has it.
 * @param isWindows Whether names have to be ones on Windows.
 * @returns The names on the way; none for the folder itself.
 * @throws {BackendError} `file_refused` if the path would leave the folder, or is
 * none that a well-meant archive has.
 */
export function entryParts(path: string, isWindows: boolean): string[] {
  const refuse = (why: string) =>
    refuseArchive(`its entry ${quote(path)} ${why}`);
  if (path === "") throw refuse("has no name");
  if (path.length > PATH_MAX) throw refuse("has too long a path");
  if (path.includes("\0")) throw refuse("has a NUL in its path");
  if (path.startsWith("/")) throw refuse("has an absolute path");
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.length > DEPTH_MAX) throw refuse("is nested too deep");
  for (const part of parts) {
    if (part === "..") throw refuse('has a ".." in its path');
    if (isWindows && (NOT_ON_WINDOWS.test(part) || DEVICES.test(part))) {
      throw refuse("has a path that means something else on Windows");
    }
  }
  return parts;
}
