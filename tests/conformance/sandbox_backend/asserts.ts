// What the rules check again and again.
import { assert, assertEquals, AssertionError } from "@std/assert";
import {
  BackendError,
  type BackendErrorCode,
  type Observation,
} from "../../../backends/mod.ts";
import { later } from "../event_sink/samples.ts";

export { each, later } from "../event_sink/samples.ts";

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  let found: unknown;
  try {
    found = await promise;
  } catch (error) {
    return error;
  }
  throw new AssertionError(`resolved, with ${Deno.inspect(found)}`);
}

/** The promise of a call, which may reject but not throw. */
export function called(call: () => Promise<unknown>): Promise<unknown> {
  let promise: unknown;
  try {
    promise = call();
  } catch (cause) {
    throw new AssertionError(`threw, in place of rejecting: ${cause}`, {
      cause,
    });
  }
  assert(promise instanceof Promise, "returned something else than a promise");
  return later(promise);
}

/** Checks that a call is refused with a code, and returns the error. */
export async function assertCode(
  codes: BackendErrorCode | readonly BackendErrorCode[],
  call: () => Promise<unknown>,
): Promise<BackendError> {
  const error = await rejection(called(call));
  if (!(error instanceof BackendError)) {
    throw new AssertionError(`failed with ${Deno.inspect(error)}`, {
      cause: error,
    });
  }
  const { code, message } = error;
  assert([codes].flat().includes(code), `${code}, not ${codes}: ${message}`);
  assert(message.length > 20, `says little: "${message}"`);
  return error;
}

/** Checks that a call rejects with this very reason, and no copy of it. */
export async function assertReason(
  reason: unknown,
  call: () => Promise<unknown>,
): Promise<void> {
  const found = await rejection(called(call));
  assert(
    Object.is(found, reason),
    `rejected with ${Deno.inspect(found)}, not ${Deno.inspect(reason)}`,
  );
}

/** Checks that an observation has these fields, and is one. */
export function assertObserved(
  found: Observation,
  expected: Observation,
): void {
  assertObservation(found);
  for (const [field, value] of Object.entries(expected)) {
    assertEquals(found[field], value, `the field "${field}"`);
  }
}

/** Checks that an observation says that all went well. */
export function assertSucceeded(found: Observation): void {
  assertObservation(found);
  assert(found.status < 400, `failed: ${Deno.inspect(found)}`);
}

/** Checks that an observation says that something went wrong. */
export function assertFailed(found: Observation, status?: number): void {
  assertObservation(found);
  if (status !== undefined) assertEquals(found.status, status, "the status");
  assert(found.status >= 400, `the status ${found.status} is no failure's`);
  assert(
    typeof found.error === "string" && found.error !== "",
    `says nothing: ${Deno.inspect(found)}`,
  );
}

function assertObservation(found: Observation): void {
  assert(
    typeof found === "object" && found !== null && !Array.isArray(found),
    `${Deno.inspect(found)} is no object`,
  );
  assert(Number.isSafeInteger(found.status), `status: ${found.status}`);
  assertEquals(JSON.parse(JSON.stringify(found)), found, "as JSON");
}

/** Freezes a value, down to the last nested one. */
export function frozen<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  for (const member of Object.values(value)) frozen(member);
  return Object.freeze(value);
}

/**
 * Waits for some milliseconds, to come at another moment of what goes on; or for
 * its end, if that is sooner.
 */
export async function moment(
  ms: number,
  going: Promise<unknown> = new Promise(() => {}),
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([promise, going.catch(() => {})]);
  clearTimeout(timer);
}
