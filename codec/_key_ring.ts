import { AesKey, type ImportedKey } from "./_aes_key.ts";
import { keyIdHeader } from "./_key_id.ts";
import { quote } from "./_quote.ts";
import { CodecError } from "./codec_error.ts";
import type { KeyProvider } from "./key_provider.ts";

/** The keys of a provider that were used last, imported and ready. */
export class KeyRing {
  readonly #provider: KeyProvider;
  readonly #sizeMax: number;
  readonly #patienceMs: number;
  /** In order of use, the least recent first. */
  readonly #keys = new Map<string, AesKey | Promise<AesKey>>();
  /** When a request that is under way was made. */
  readonly #asked = new WeakMap<Promise<AesKey>, number>();

  constructor(provider: KeyProvider, sizeMax: number, patienceMs: number) {
    if (!Number.isSafeInteger(sizeMax) || sizeMax < 1) {
      throw new RangeError(
        `Cannot keep keys: keyCacheMax must be an integer from 1, got ${sizeMax}`,
      );
    }
    this.#provider = provider;
    if (!(patienceMs > 0)) {
      throw new RangeError(
        `Cannot keep keys: keyPatienceMs must be more than 0, got ${patienceMs}`,
      );
    }
    this.#sizeMax = sizeMax;
    this.#patienceMs = patienceMs;
  }

  get currentKeyId(): string {
    return this.#provider.currentKeyId;
  }

  /** The key, if it is there without a wait. */
  imported(id: string): ImportedKey | undefined {
    const key = this.#keys.get(id);
    if (!(key instanceof AesKey)) return undefined;
    this.#keep(id, key);
    return key.imported;
  }

  /** Gets and imports a key; callers who ask at once share one request. */
  async import(id: string): Promise<ImportedKey> {
    const key = await this.request(id);
    return await key.import();
  }

  /**
   * Asks the provider, unless it was asked before, and checks what it gives. A
   * provider that answers at once is checked at once.
   */
  request(id: string): AesKey | Promise<AesKey> {
    const known = this.#keys.get(id);
    if (known !== undefined && !this.#hangs(known)) {
      this.#keep(id, known);
      return known;
    }
    keyIdHeader(id, "the key provider");
    let given: unknown;
    try {
      given = this.#provider.key(id);
    } catch (error) {
      throw providerError(id, error);
    }
    if (!isPromiseLike(given)) {
      const key = newKey(id, given);
      this.#keep(id, key);
      return key;
    }
    // A failure is not kept, so that the next caller asks again: the service
    // behind the provider may have come back.
    const pending: Promise<AesKey> = Promise.resolve(given).then(
      (bytes) => newKey(id, bytes),
      (error) => {
        throw providerError(id, error);
      },
    ).then(
      (key) => {
        if (this.#keys.get(id) === pending) this.#keys.set(id, key);
        return key;
      },
      (error) => {
        if (this.#keys.get(id) === pending) this.#keys.delete(id);
        throw error;
      },
    );
    this.#asked.set(pending, performance.now());
    this.#keep(id, pending);
    return pending;
  }

  /**
   * Whether a request is under way for so long that the service behind the
   * provider may have come back without it.
   */
  #hangs(key: AesKey | Promise<AesKey>): boolean {
    if (!(key instanceof Promise)) return false;
    const asked = this.#asked.get(key);
    return asked !== undefined &&
      performance.now() - asked > this.#patienceMs;
  }

  #keep(id: string, key: AesKey | Promise<AesKey>): void {
    this.#keys.delete(id);
    this.#keys.set(id, key);
    if (this.#keys.size <= this.#sizeMax) return;
    for (const oldest of this.#keys.keys()) {
      this.#keys.delete(oldest);
      return;
    }
  }
}

function newKey(id: string, given: unknown): AesKey {
  if (given === undefined || given === null) {
    throw new CodecError(
      "unknown_key",
      `Cannot get the key ${quote(id)}: the key provider has none of this id`,
      { keyId: id },
    );
  }
  return new AesKey(given, `the key provider gave for ${quote(id)}`, {
    keyId: id,
  });
}

function providerError(id: string, error: unknown): CodecError {
  if (error instanceof CodecError) return error;
  return new CodecError(
    "unknown_key",
    `Cannot get the key ${quote(id)}: the key provider failed with ${
      quote(error instanceof Error ? error.message : String(error))
    }`,
    { keyId: id, cause: error },
  );
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value &&
    typeof value.then === "function";
}
