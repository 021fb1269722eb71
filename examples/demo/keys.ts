import {
  CodecError,
  type KeyProvider,
  ManagedAesGcmCodec,
} from "@zu/backends/codec";

const KEY_ID = "demo";

/** The keys of one run. */
export interface Keys {
  /** Encrypts and decrypts rows. */
  readonly codec: ManagedAesGcmCodec;
  /** Signs each event's hash. */
  readonly signKey: Uint8Array;
}

/** Makes keys for one run, and writes them to a file for whoever looks later. */
export async function makeKeys(path: string): Promise<Keys> {
  const eventKey = crypto.getRandomValues(new Uint8Array(32));
  const signKey = crypto.getRandomValues(new Uint8Array(32));
  const text =
    `# Made for this run alone. They lie beside the log only because \
this is a demo:
# whoever has both can read the log, and forge it. Real keys belong elsewhere.
ZU_EVENT_KEY_ID=${KEY_ID}
ZU_EVENT_KEY_${KEY_ID}=${eventKey.toHex()}
# For the option signKey of the sinks and the option key of verifyLog.
DEMO_SIGN_KEY=${signKey.toHex()}
`;
  await Deno.writeTextFile(path, text, { createNew: true, mode: 0o600 });
  return { codec: new ManagedAesGcmCodec(oneKey(eventKey)), signKey };
}

/** A provider of one key; one for a key management service is no longer. */
function oneKey(bytes: Uint8Array): KeyProvider {
  return {
    currentKeyId: KEY_ID,
    key(id) {
      if (id === KEY_ID) return bytes;
      throw new CodecError("unknown_key", `There is no key "${id}"`);
    },
  };
}
