/**
 * Where keys come from: the environment, a file, a key management service.
 *
 * A provider is ten lines; see the example of {@linkcode ManagedAesGcmCodec}.
 *
 * An id names the same 32 bytes for ever. To rotate, give the new key a new id
 * and make it current; keep the old ids answering for as long as rows that were
 * written with them are to be read. Codecs keep what they were given for a
 * while, so they neither ask for each row nor notice other bytes under an old
 * id.
 */
export interface KeyProvider {
  /**
   * The id of the key that new blobs are encrypted with: 1 to 255 bytes of
   * UTF-8, stored in clear in each blob, so never a secret.
   *
   * It is read for each blob, so a provider may change it while running.
   */
  readonly currentKeyId: string;

  /**
   * Looks a key up.
   *
   * @param id The current id, or one read from a blob. The latter may have been
   * rewritten by an attacker, so do not build a path or query from it unchecked.
   * @returns The key's 32 bytes. They are copied at once and not kept.
   * @throws {CodecError} With `unknown_key` if there is no key of this id, with
   * `bad_key` if there is one that cannot be used. Any other error is passed on
   * as the `cause` of an `unknown_key`.
   */
  key(id: string): Uint8Array | Promise<Uint8Array>;
}
