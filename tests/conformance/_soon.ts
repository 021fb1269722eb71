import { AssertionError } from "@std/assert";

/**
 * Waits for what must come soon, and fails when it does not.
 *
 * @param what What it is, for the message.
 * @param promise What is waited for.
 * @param patienceMs For how long.
 */
export async function soon<T>(
  what: string,
  promise: Promise<T>,
  patienceMs: number,
): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const message = `waited ${patienceMs} ms in vain for ${what}`;
    reject(new AssertionError(message));
  }, patienceMs);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
