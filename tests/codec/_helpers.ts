import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  CodecError,
  type CodecErrorCode,
  type KeyProvider,
  rowAad,
  type RowAadFields,
} from "../../codec/mod.ts";
import vectorFile from "../fixtures/vectors/codec.json" with { type: "json" };

/** A worked example that the Python package computed. */
export interface Vector {
  version: number;
  key: Uint8Array<ArrayBuffer>;
  kid: string | null;
  plaintext: string;
  aad: Uint8Array<ArrayBuffer>;
  blob: Uint8Array<ArrayBuffer>;
}

/** The vector of a version. */
export function vector(version: number): Vector {
  const found = vectorFile.vectors.find((each) => each.version === version);
  if (found === undefined) throw new Error(`no vector of version ${version}`);
  return {
    ...found,
    key: Uint8Array.fromHex(found.key ?? ""),
    aad: new TextEncoder().encode(found.aad),
    blob: Uint8Array.fromHex(found.blob),
  };
}

/** The nonce with which all vectors were computed. */
export const VECTOR_NONCE: Uint8Array = Uint8Array.fromHex(
  "a0a1a2a3a4a5a6a7a8a9aaab",
);

export const ROW: RowAadFields = {
  event_id: "00000000-0000-4000-8000-000000000001",
  trace_id: "00000000-0000-4000-8000-0000000000aa",
  task_id: "00000000-0000-4000-8000-0000000000bb",
  type: "harness.started",
  source: "tests",
};
export const AAD: Uint8Array = rowAad(ROW);

/** A key that no other test uses, since keys are counted for the process. */
export function newKey(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(32));
}

/** Bytes with one bit changed. */
export function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const changed = new Uint8Array(bytes);
  changed[bit >> 3]! ^= 1 << (bit & 7);
  return changed;
}

/** Asserts that a promise rejects with a CodecError of this code. */
export async function rejectsWith(
  code: CodecErrorCode,
  fn: () => PromiseLike<unknown>,
  msgIncludes?: string,
): Promise<CodecError> {
  const error = await assertRejects(fn, CodecError, msgIncludes);
  assertEquals(error.code, code, error.message);
  return error;
}

/** Asserts that a call throws a CodecError of this code. */
export function throwsWith(
  code: CodecErrorCode,
  fn: () => unknown,
  msgIncludes?: string,
): CodecError {
  const error = assertThrows(fn, CodecError, msgIncludes);
  assertEquals(error.code, code, error.message);
  return error;
}

/**
 * Runs with these variables as the only ones whose names begin with
 * ZU_EVENT_KEY, and puts the environment back.
 */
export async function withEnv(
  variables: Record<string, string>,
  fn: () => void | Promise<void>,
): Promise<void> {
  const before = ourVariables();
  for (const name of Object.keys(before)) Deno.env.delete(name);
  try {
    for (const [name, value] of Object.entries(variables)) {
      Deno.env.set(name, value);
    }
    await fn();
  } finally {
    for (const name of Object.keys(ourVariables())) Deno.env.delete(name);
    for (const name of Object.keys(variables)) Deno.env.delete(name);
    for (const [name, value] of Object.entries(before)) {
      Deno.env.set(name, value);
    }
  }
}

function ourVariables(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(Deno.env.toObject()).filter(([name]) =>
      name.startsWith("ZU_EVENT_KEY")
    ),
  );
}

/** Runs with every nonce being this one: the only way to compare with vectors. */
export async function withNonce<T>(
  nonce: Uint8Array,
  fn: () => Promise<T>,
): Promise<T> {
  Object.defineProperty(crypto, "getRandomValues", {
    configurable: true,
    value: (bytes: Uint8Array) => {
      bytes.set(nonce);
      return bytes;
    },
  });
  try {
    return await fn();
  } finally {
    // What was defined hides the prototype's method, which this uncovers.
    Reflect.deleteProperty(crypto, "getRandomValues");
  }
}

/** A provider that answers at once and counts how often it is asked. */
export class Keys implements KeyProvider {
  currentKeyId: string;
  readonly asked: string[] = [];
  readonly #keys = new Map<string, Uint8Array>();

  constructor(...ids: string[]) {
    this.currentKeyId = ids[0] ?? "k1";
    for (const id of ids) this.#keys.set(id, newKey());
  }

  key(id: string): Uint8Array {
    this.asked.push(id);
    const key = this.#keys.get(id);
    if (key === undefined) throw new CodecError("unknown_key", `no ${id}`);
    return key;
  }
}

/** A provider whose answer is whatever a test wants it to be. */
export function keysOf(
  key: () => unknown,
  currentKeyId: unknown = "k1",
): KeyProvider {
  return { currentKeyId, key } as unknown as KeyProvider;
}
