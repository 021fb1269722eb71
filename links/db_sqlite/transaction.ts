import type { Database } from "./database.ts";

/** A function that runs inside a transaction whenever it is called. */
export type Transaction<T extends (...args: never[]) => unknown> =
  & ((...args: Parameters<T>) => ReturnType<T>)
  & {
    /** Begins as SQLite does by default, which is deferred. */
    default: Transaction<T>;
    /** Takes locks as they are needed. */
    deferred: Transaction<T>;
    /** Takes the write lock at once. */
    immediate: Transaction<T>;
    /** Takes the write lock at once and, outside of WAL, keeps readers out. */
    exclusive: Transaction<T>;
    /** The database that the transaction is one of. */
    database: Database;
  };

/** What undoes, and what keeps, the work between two points. */
interface Scope {
  begin: string;
  commit: string;
  rollback: string[];
}

const SAVEPOINT = '"@db/sqlite transaction"';

const NESTED: Scope = {
  begin: `SAVEPOINT ${SAVEPOINT}`,
  commit: `RELEASE ${SAVEPOINT}`,
  // Rolling back to a savepoint leaves it in place.
  rollback: [`ROLLBACK TO ${SAVEPOINT}`, `RELEASE ${SAVEPOINT}`],
};

/** Makes the function that {@linkcode Database.transaction} returns. */
export function createTransaction<T extends (...args: never[]) => unknown>(
  database: Database,
  fn: T,
): Transaction<T> {
  const variants = {
    default: wrap(database, fn, "BEGIN"),
    deferred: wrap(database, fn, "BEGIN DEFERRED"),
    immediate: wrap(database, fn, "BEGIN IMMEDIATE"),
    exclusive: wrap(database, fn, "BEGIN EXCLUSIVE"),
  };
  for (const variant of Object.values(variants)) {
    Object.assign(variant, variants, { database });
  }
  return variants.default as Transaction<T>;
}

function wrap<T extends (...args: never[]) => unknown>(
  database: Database,
  fn: T,
  begin: string,
): (this: unknown, ...args: Parameters<T>) => ReturnType<T> {
  const outermost: Scope = { begin, commit: "COMMIT", rollback: ["ROLLBACK"] };
  return function (this: unknown, ...args: Parameters<T>): ReturnType<T> {
    const scope = database.inTransaction ? NESTED : outermost;
    database.exec(scope.begin);
    try {
      const result = fn.apply(this, args) as ReturnType<T>;
      refusePromise(result);
      database.exec(scope.commit);
      return result;
    } catch (error) {
      // Some errors, a full disk for one, have SQLite roll back by itself.
      if (database.inTransaction) {
        scope.rollback.forEach((s) => database.exec(s));
      }
      throw error;
    }
  };
}

/** A promise would be settled only after the transaction is over. */
function refusePromise(result: unknown): void {
  if (
    typeof result === "object" && result !== null && "then" in result &&
    typeof result.then === "function"
  ) {
    throw new TypeError(
      "Cannot run an async function in a transaction, which ends when the " +
        "function returns; await before or after it",
    );
  }
}
