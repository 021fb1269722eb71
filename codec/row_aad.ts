/** The columns of a row that its blob is bound to. */
export interface RowAadFields {
  /** The event's id, as stored in its column. */
  readonly event_id: string;
  /** The id of the trace that the event belongs to. */
  readonly trace_id: string;
  /** The id of the task that the event belongs to. */
  readonly task_id: string;
  /** The event's type. */
  readonly type: string;
  /** Who wrote the event; may be empty. */
  readonly source: string;
}

/** U+001F, the unit separator, which stands between the columns. */
export const ROW_AAD_SEPARATOR = "\x1f";

const encoder = new TextEncoder();

/**
 * Makes the additional data that binds a blob to its row.
 *
 * It is the UTF-8 of `event_id`, `trace_id`, `task_id`, `type` and `source` with
 * 0x1f between them. A blob that is moved to another row, or whose row's columns
 * are edited, then fails to authenticate. A field that holds the separator would
 * let two rows share one additional data, so it is refused.
 *
 * @param row The row's columns, or an event, whose other fields are ignored.
 * @returns The additional data for {@linkcode encodePayload} and {@linkcode
 * decodePayload}.
 * @throws {TypeError} If a field is no string, holds 0x1f or a lone surrogate.
 *
 * @example
 * ```ts
 * import { rowAad } from "@zu/backends/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const aad = rowAad({
 *   event_id: "e",
 *   trace_id: "t",
 *   task_id: "k",
 *   type: "harness.x",
 *   source: "",
 * });
 * assertEquals(new TextDecoder().decode(aad), "e\x1ft\x1fk\x1fharness.x\x1f");
 * ```
 */
export function rowAad(row: RowAadFields): Uint8Array<ArrayBuffer> {
  return encoder.encode(
    column(row, "event_id") + ROW_AAD_SEPARATOR +
      column(row, "trace_id") + ROW_AAD_SEPARATOR +
      column(row, "task_id") + ROW_AAD_SEPARATOR +
      column(row, "type") + ROW_AAD_SEPARATOR +
      column(row, "source"),
  );
}

function column(row: RowAadFields, name: keyof RowAadFields): string {
  const value: unknown = row[name];
  if (typeof value !== "string") {
    throw new TypeError(
      `Cannot make a row's additional data: ${name} must be a string, got ${
        value === null ? "null" : typeof value
      }`,
    );
  }
  if (value.includes(ROW_AAD_SEPARATOR)) {
    throw new TypeError(
      `Cannot make a row's additional data: ${name} holds the character ` +
        "U+001F, which separates the columns; remove it",
    );
  }
  if (!value.isWellFormed()) {
    throw new TypeError(
      `Cannot make a row's additional data: ${name} holds a lone surrogate, ` +
        "which UTF-8 cannot hold",
    );
  }
  return value;
}
