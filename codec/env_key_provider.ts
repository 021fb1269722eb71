import { ENV_KEY, keyFromText, readEnv } from "./_env.ts";
import { keyIdHeader } from "./_key_id.ts";
import { parseKeyText } from "./_key_text.ts";
import { quote } from "./_quote.ts";
import { CodecError } from "./codec_error.ts";
import type { KeyProvider } from "./key_provider.ts";

const ENV_KEY_ID = `${ENV_KEY}_ID`;
const DEFAULT_KEY_ID = "default";
/** The id whose variable would be the one that names the current key. */
const RESERVED_KEY_ID = "ID";

/** Options of {@linkcode EnvKeyProvider}. */
export interface EnvKeyProviderOptions {
  /**
   * The id of the key to encrypt with. If given, `ZU_EVENT_KEY_ID` is not read.
   *
   * @default The value of `ZU_EVENT_KEY_ID`, or "default" if that is unset or
   * empty.
   */
  currentKeyId?: string;
}

/**
 * Takes keys from the environment.
 *
 * | variable | holds |
 * |---|---|
 * | `ZU_EVENT_KEY_ID` | the current key's id; "default" if unset or empty |
 * | `ZU_EVENT_KEY_<id>` | the key of that id |
 * | `ZU_EVENT_KEY` | the key "default", if `ZU_EVENT_KEY_default` is unset or empty |
 *
 * A key is written as 64 hex digits of either case, or as the base64 of 32
 * bytes: the standard alphabet, with its padding, without white space, and with
 * no stray bits in its last digit. A key's variable that is empty counts as
 * unset. The id "ID" cannot be used, as its variable is taken.
 *
 * The current id is read once, when the provider is made; keys are read when
 * they are asked for. Needs `--allow-env` for these variables, which
 * `--allow-env=ZU_EVENT_KEY*` grants and nothing beside them.
 *
 * @example
 * ```ts
 * import { EnvKeyProvider } from "@zu/backends/codec";
 * import { assertEquals } from "@std/assert";
 *
 * Deno.env.set("ZU_EVENT_KEY_2026", "07".repeat(32));
 * const keys = new EnvKeyProvider({ currentKeyId: "2026" });
 * assertEquals(keys.key("2026"), new Uint8Array(32).fill(7));
 * ```
 */
export class EnvKeyProvider implements KeyProvider {
  /** The id of the key to encrypt with. */
  readonly currentKeyId: string;

  /**
   * Makes a provider, and settles which key is the current one.
   *
   * It does not look for the key: the codec does, when it is made.
   *
   * @param options Which key is the current one.
   * @throws {CodecError} `bad_key` if the id is empty (in the options) or longer
   * than 255 bytes, or if `ZU_EVENT_KEY_ID` may not be read.
   */
  constructor(options: EnvKeyProviderOptions = {}) {
    const { currentKeyId } = options;
    if (currentKeyId !== undefined) {
      keyIdHeader(currentKeyId, "EnvKeyProvider's currentKeyId");
      this.currentKeyId = currentKeyId;
    } else {
      this.currentKeyId = readEnv(ENV_KEY_ID, "bad_key") || DEFAULT_KEY_ID;
      keyIdHeader(this.currentKeyId, ENV_KEY_ID);
    }
  }

  /**
   * Reads a key from its variable.
   *
   * @param id The key's id.
   * @returns The key's 32 bytes.
   * @throws {CodecError} `unknown_key` if its variable is unset, empty, or may
   * not be read; `bad_key` if it holds something else than a key. The message
   * names the variable and never shows its value.
   */
  key(id: string): Uint8Array {
    const names = variablesOf(id);
    const found: string[] = [];
    for (const name of names) {
      const text = readEnv(name, "unknown_key", { keyId: id });
      if (text) return keyFromText(text, name, { keyId: id });
      found.push(`${quote(name)} is ${text === "" ? "empty" : "not set"}`);
    }
    if (parseKeyText(id) !== undefined) throw looksLikeKey();
    throw new CodecError(
      "unknown_key",
      `Cannot find the key ${quote(id)} in the environment: ${
        found.join(" and ")
      }; set it to 64 hex digits or the base64 of 32 bytes`,
      { keyId: id },
    );
  }
}

function variablesOf(id: string): string[] {
  // Ids come from blobs, too, and an attacker may write anything there.
  const problem = id === RESERVED_KEY_ID
    ? `${ENV_KEY_ID} names the current key and holds none`
    : /[=\0]/.test(id) || !id.isWellFormed()
    ? "no variable can have that name"
    : undefined;
  if (problem !== undefined) {
    throw new CodecError(
      "unknown_key",
      `Cannot find the key ${quote(id)} in the environment: ${problem}; use ` +
        "another id",
      { keyId: id },
    );
  }
  const names = [`${ENV_KEY}_${id}`];
  if (id === DEFAULT_KEY_ID) names.push(ENV_KEY);
  return names;
}

/** A key put where its id belongs must not end up in an error's message. */
function looksLikeKey(): CodecError {
  return new CodecError(
    "unknown_key",
    "Cannot find a key in the environment: its id has the form of a key " +
      `itself. ${ENV_KEY_ID} holds the id of a key, which is stored in clear ` +
      `in each blob; put the key into ${ENV_KEY}`,
  );
}
