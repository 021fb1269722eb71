import { loadBuiltinDriver } from "./builtin_driver.ts";
import type { SqliteDriver } from "./connection.ts";
import { loadFfiDriver } from "./ffi_driver.ts";

/** Which SQLite to use; "auto" is FFI where it is granted and loads. */
export type DriverChoice = "ffi" | "builtin" | "auto";

/**
 * Loads a driver. "auto" never prompts: it looks at the permission first, and
 * takes the builtin where FFI is not granted or its library does not load.
 */
export async function loadDriver(choice: DriverChoice): Promise<SqliteDriver> {
  if (choice === "builtin") return await loadBuiltinDriver();
  if (choice === "ffi") return await loadFfiDriver();
  const { state } = await Deno.permissions.query({ name: "ffi" });
  if (state !== "granted") return await loadBuiltinDriver();
  try {
    return await loadFfiDriver();
  } catch {
    // What failed is of interest only to someone who asked for FFI by name.
    return await loadBuiltinDriver();
  }
}
