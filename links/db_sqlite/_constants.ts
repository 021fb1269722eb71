/** Result codes, see "Result and Error Codes" in SQLite's documentation. */
export const SQLITE_OK = 0;
export const SQLITE_NOMEM = 7;
export const SQLITE_TOOBIG = 18;
export const SQLITE_MISUSE = 21;
export const SQLITE_RANGE = 25;
export const SQLITE_ROW = 100;
export const SQLITE_DONE = 101;

/** Flags of `sqlite3_open_v2`. */
export const SQLITE_OPEN_READONLY = 0x01;
export const SQLITE_OPEN_READWRITE = 0x02;
export const SQLITE_OPEN_CREATE = 0x04;
export const SQLITE_OPEN_MEMORY = 0x80;

/** The types that a column's value can have; what is none of them is NULL. */
export const SQLITE_INTEGER = 1;
export const SQLITE_FLOAT = 2;
export const SQLITE_TEXT = 3;
export const SQLITE_BLOB = 4;

/** The counter of `sqlite3_stmt_status` for recompilations. */
export const SQLITE_STMTSTATUS_REPREPARE = 5;

/** The subtype that SQLite's JSON functions give to their results. */
export const JSON_SUBTYPE = 74;
