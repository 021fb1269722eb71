import { assertEquals, assertRejects } from "@std/assert";
import {
  BackendError,
  type BackendErrorCode,
} from "../../backends/backend_error.ts";

/** Asserts that a promise rejects with a BackendError of this code. */
export async function rejectsWith(
  promise: Promise<unknown>,
  code: BackendErrorCode,
  includes?: string,
): Promise<BackendError> {
  const error = await assertRejects(() => promise, BackendError, includes);
  assertEquals(error.code, code, error.message);
  return error;
}
