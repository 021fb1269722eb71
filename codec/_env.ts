import { quote } from "./_quote.ts";
import { keyTextProblem, parseKeyText } from "./_key_text.ts";
import {
  CodecError,
  type CodecErrorCode,
  type CodecErrorOptions,
} from "./codec_error.ts";

/** The variable that holds the one key, and begins the names of all others. */
export const ENV_KEY = "ZU_EVENT_KEY";

/**
 * Reads an environment variable.
 *
 * @param code The code of the error if permission is not granted.
 * @returns Its value, or undefined if it is unset.
 */
export function readEnv(
  name: string,
  code: CodecErrorCode,
  options: CodecErrorOptions = {},
): string | undefined {
  try {
    return Deno.env.get(name);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotCapable)) throw cause;
    throw new CodecError(
      code,
      `Cannot read the environment variable ${
        quote(name)
      }: permission is not ` +
        `granted; run with --allow-env and that name`,
      { ...options, cause },
    );
  }
}

/** Reads a key from a variable that must hold one. */
export function keyFromEnv(name: string): Uint8Array {
  const text = readEnv(name, "bad_key");
  if (text === undefined || text === "") {
    throw new CodecError(
      "bad_key",
      `Cannot read a key from the environment: ${quote(name)} is ${
        text === undefined ? "not set" : "empty"
      }; set it to 64 hex digits or the base64 of 32 bytes`,
    );
  }
  return keyFromText(text, name);
}

/** Reads a key from the value of a variable. */
export function keyFromText(
  text: string,
  name: string,
  options: CodecErrorOptions = {},
): Uint8Array {
  const key = parseKeyText(text);
  if (key === undefined) {
    throw new CodecError(
      "bad_key",
      `Cannot read a key from the environment: ${quote(name)} ${
        keyTextProblem(text)
      }`,
      options,
    );
  }
  return key;
}
