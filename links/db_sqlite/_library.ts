import { SYMBOLS } from "./_symbols.ts";

type Sqlite = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** The names under which the platforms' packages install the library. */
const LIBRARY_NAMES: Partial<Record<typeof Deno.build.os, string[]>> = {
  darwin: [
    "/opt/homebrew/opt/sqlite/lib/libsqlite3.dylib",
    "/usr/local/opt/sqlite/lib/libsqlite3.dylib",
    "libsqlite3.dylib",
  ],
  // Windows 10 and later come with a copy of their own.
  windows: ["sqlite3.dll", "winsqlite3.dll"],
};
const UNIX_LIBRARY_NAMES = ["libsqlite3.so.0", "libsqlite3.so"];

/**
 * The functions of the system's SQLite.
 *
 * The library is loaded as soon as this module is, as that of the registry's
 * package is, and stays loaded for as long as the isolate lives.
 */
export const sqlite: Sqlite = load();

function load(): Sqlite {
  const chosen = chosenPath();
  const names = chosen !== undefined
    ? [chosen]
    : LIBRARY_NAMES[Deno.build.os] ?? UNIX_LIBRARY_NAMES;
  const failures: Error[] = [];
  for (const name of names) {
    try {
      const { symbols } = Deno.dlopen(name, SYMBOLS);
      const code = symbols.sqlite3_initialize();
      if (code === 0) return symbols;
      failures.push(
        new Error(`sqlite3_initialize of ${name} returned ${code}`),
      );
    } catch (error) {
      // Without --allow-ffi no other name would fare better, and Deno's own
      // message says which permission to grant.
      if (error instanceof Deno.errors.NotCapable) throw error;
      failures.push(error instanceof Error ? error : new Error(String(error)));
    }
  }
  throw new Error(
    "Failed to load SQLite3 Dynamic Library: " +
      (chosen !== undefined
        ? `DENO_SQLITE_PATH is "${chosen}"`
        : `tried ${names.join(", ")}`) +
      `, found ${failures.map((error) => error.message).join("; ")}. ` +
      "Install SQLite (apt install libsqlite3-0, dnf install sqlite-libs, " +
      "apk add sqlite-libs, brew install sqlite) or set DENO_SQLITE_PATH to " +
      "the library's path",
    { cause: failures[0] },
  );
}

/** What `DENO_SQLITE_PATH` says, if that may be read without a prompt. */
function chosenPath(): string | undefined {
  const variable = "DENO_SQLITE_PATH";
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) || undefined : undefined;
}
