/**
 * How many blobs one key may encrypt: 2^32.
 *
 * This is the limit of NIST SP 800-38D, section 8.3, for random nonces of 96
 * bits: up to there the chance that two blobs share one stays below 2^-32. Two
 * blobs that do give away both texts and the means to forge others.
 */
export const KEY_BLOBS_MAX: number = 2 ** 32;

/** After how many blobs of one key a warning is due by default: 2^31. */
export const KEY_BLOBS_WARN_AT: number = 2 ** 31;

/** Tells that a key nears {@linkcode KEY_BLOBS_MAX}. */
export interface KeyWarning {
  /** The version of the codec that warns. */
  readonly version: number;
  /** The key's id, for codecs whose keys have one. */
  readonly keyId: string | undefined;
  /** How many blobs the key is known to have encrypted. */
  readonly blobs: number;
  /** At how many it is refused: {@linkcode KEY_BLOBS_MAX}. */
  readonly max: number;
}

/**
 * How a codec watches over the number of blobs that a key encrypts.
 *
 * The count is of the key itself: all codecs in this process (in this Worker,
 * if it runs in one) that use the same 32 bytes add to one count, whatever
 * their versions and key ids. What other processes encrypt, and what this one
 * did before it was restarted, is not seen unless it is told, through
 * `encryptedBefore` or the codec's `noteEncrypted`.
 *
 * At {@linkcode KEY_BLOBS_MAX} encoding fails with `key_exhausted`. Decoding is
 * never counted or refused.
 */
export interface KeyUsageOptions {
  /**
   * How many blobs the key (the current one, where there are several) is known
   * to have encrypted already, such as the number of rows of its log. The
   * process's own count is raised to this, if it is lower.
   *
   * @default {0}
   */
  encryptedBefore?: number;
  /**
   * At which count to call `onKeyWarning`.
   *
   * @default {KEY_BLOBS_WARN_AT}
   */
  warnAt?: number;
  /**
   * Called once for each key of this codec, by the first encoding that reaches
   * `warnAt`. What it throws fails that one encoding.
   *
   * @default A line through `console.warn`.
   */
  onKeyWarning?: (warning: KeyWarning) => void;
}
