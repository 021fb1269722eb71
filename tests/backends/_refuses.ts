import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { BackendError, type BackendErrorCode } from "../../backends/mod.ts";

/** Asserts that a check refuses, with a code and with words in its message. */
export function refuses(
  code: BackendErrorCode,
  check: () => unknown,
  ...words: string[]
): BackendError {
  const error = assertThrows(check, BackendError);
  assertEquals(error.code, code, error.message);
  for (const word of words) assertStringIncludes(error.message, word);
  return error;
}
