import { quote } from "./_quote.ts";
import { CodecError, type CodecErrorCode } from "./codec_error.ts";
import { ROW_AAD_SEPARATOR } from "./row_aad.ts";

/** What more there is to say about a failure on one row. */
export interface RowErrorDetails {
  /** Which way the blob was going. */
  action: "encode" | "decode";
  /** The row's additional data. */
  aad: Uint8Array;
  keyId?: string | undefined;
  cause?: unknown;
}

const lenient = new TextDecoder();
const COLUMNS = 5;

/**
 * Makes an error that says which row it is about.
 *
 * @param problem What was found and what to do, without a leading capital.
 */
export function rowError(
  code: CodecErrorCode,
  problem: string,
  { action, aad, keyId, cause }: RowErrorDetails,
): CodecError {
  const event_id = eventIdOf(aad);
  const row = event_id === undefined
    ? "a blob whose additional data names no event"
    : `the blob of event ${quote(event_id)}`;
  return new CodecError(code, `Cannot ${action} ${row}: ${problem}`, {
    event_id,
    keyId,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Reads the event's id out of a row's additional data, if it has that form. */
function eventIdOf(aad: Uint8Array): string | undefined {
  const columns = lenient.decode(aad).split(ROW_AAD_SEPARATOR);
  return columns.length === COLUMNS ? columns[0] : undefined;
}
