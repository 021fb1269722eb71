import type { AuditableSink } from "@zu/backends/sinks";

/** The rows of a copy, for someone who edits them behind the log's back. */
export interface EditedRows {
  /** Changes rows by SQL, with `?` for each value; returns how many. */
  change(sql: string, ...values: SqlValue[]): Promise<number>;
  /** The first row of an answer. */
  get(
    sql: string,
    ...values: SqlValue[]
  ): Promise<Readonly<Record<string, unknown>> | undefined>;
}

/** What an edit may put into a row, or look for. */
export type SqlValue = string | number | Uint8Array;

/** Where the log of a run is kept, for what is different from one sink to another. */
export interface LogStore extends AsyncDisposable {
  /** The log. */
  readonly log: AuditableSink;
  /** What it is called in what is printed. */
  readonly name: string;
  /** What it is on, in a line. */
  readonly storage: string;
  /** What is said of it at the end of the run. */
  readonly farewell: string;
  /** What it takes on disk: names, and bytes. */
  sizes(): Promise<[string, number][]>;
  /**
   * Makes a copy of the log, edits it, and opens it.
   *
   * @param name What the copy is called.
   * @param edit Edits its rows.
   * @param use Looks at what it has become, and is told its full name.
   */
  edited<Result>(
    name: string,
    edit: (rows: EditedRows) => Promise<void>,
    use: (copy: AuditableSink, name: string) => Promise<Result>,
  ): Promise<Result>;
}
