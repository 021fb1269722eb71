import { HelloReader, MalformedHello } from "./hello_reader.ts";
import { joinHello, mayBeTls } from "./hello_records.ts";

export { CLIENT_HELLO_BYTES_MAX } from "./hello_records.ts";

/** What the bytes are that a client has sent first. */
export type FirstBytes =
  /** The beginning of what may become a ClientHello. */
  | { readonly kind: "more" }
  /** They begin with a whole ClientHello. */
  | {
    readonly kind: "tls";
    /**
     * The host that it names, in lower case and without a dot at its end; null if
     * it names none. It may be an IP address, though TLS forbids that.
     */
    readonly serverName: string | null;
    /**
     * Whether another ClientHello is encrypted in this one, so that `serverName`
     * need not be the host that is meant. Browsers also pretend to have one.
     */
    readonly isEncrypted: boolean;
  }
  /** Not TLS. */
  | { readonly kind: "other" }
  /** They begin like TLS, but with no well-formed ClientHello. */
  | { readonly kind: "broken"; readonly detail: string };

/** How long a host's name may be as text, which RFC 1035 (2.3.4) implies. */
const HOST_NAME_BYTES_MAX = 253;

// RFC 8446, 4.1.2
const VERSION_MAJOR = 3;
const RANDOM_BYTES = 32;
const SESSION_ID_BYTES_MAX = 32;
// RFC 6066, 3
const SERVER_NAME = 0;
const HOST_NAME = 0;
// RFC 9849, 5
const ENCRYPTED_CLIENT_HELLO = 0xfe0d;

/**
 * Judges what a client has sent so far.
 *
 * Anything but `more` is final, whatever follows. Until the ClientHello is whole,
 * nothing is copied, and only the headers of its records are looked at.
 *
 * This is stricter than many servers, which must not take a ClientHello to name
 * another host than is returned here.
 *
 * @param bytes All that it has sent, from the beginning.
 * @returns What that is.
 */
export function readClientHello(bytes: Uint8Array): FirstBytes {
  if (!mayBeTls(bytes)) return { kind: "other" };
  try {
    const hello = joinHello(bytes);
    return hello === undefined ? { kind: "more" } : readHello(hello);
  } catch (error) {
    if (!(error instanceof MalformedHello)) throw error;
    return { kind: "broken", detail: error.message };
  }
}

function readHello(bytes: Uint8Array): FirstBytes {
  const hello = new HelloReader(bytes, "the ClientHello");
  const major = hello.number(1);
  if (major !== VERSION_MAJOR) {
    throw new MalformedHello(`a ClientHello of version ${major}`);
  }
  hello.take(1 + RANDOM_BYTES);
  const sessionId = hello.vector(1, "the session id").left;
  const ciphers = hello.vector(2, "the cipher suites").left;
  const compressions = hello.vector(1, "the compression methods").left;
  if (sessionId > SESSION_ID_BYTES_MAX) {
    throw new MalformedHello(`a session id of ${sessionId} bytes`);
  }
  if (ciphers === 0 || ciphers % 2 !== 0) {
    throw new MalformedHello(`cipher suites of ${ciphers} bytes`);
  }
  if (compressions === 0) throw new MalformedHello("no compression method");
  // Before TLS 1.2, a ClientHello could end here.
  const extensions = hello.left > 0
    ? hello.vector(2, "the extensions")
    : undefined;
  hello.end();

  const seen = new Set<number>();
  let serverName: string | null = null;
  while (extensions !== undefined && extensions.left > 0) {
    const type = extensions.number(2);
    const extension = extensions.vector(2, `extension ${type}`);
    if (seen.has(type)) throw new MalformedHello(`extension ${type} twice`);
    seen.add(type);
    if (type === SERVER_NAME) serverName = readServerName(extension);
  }
  const isEncrypted = seen.has(ENCRYPTED_CLIENT_HELLO);
  return { kind: "tls", serverName, isEncrypted };
}

function readServerName(extension: HelloReader): string {
  const list = extension.vector(2, "the list of server names");
  extension.end();
  const type = list.number(1);
  // There is no other type, so servers differ in what they make of one.
  if (type !== HOST_NAME) {
    throw new MalformedHello(`a server name of type ${type}`);
  }
  const host = list.vector(2, "the host name");
  if (list.left > 0) throw new MalformedHello("more than one server name");

  const bytes = host.take(host.left);
  const length = bytes.at(-1) === 0x2e ? bytes.length - 1 : bytes.length;
  if (length === 0) throw new MalformedHello("an empty host name");
  if (length > HOST_NAME_BYTES_MAX) {
    throw new MalformedHello(
      `a host name of ${length} bytes, and ${HOST_NAME_BYTES_MAX} are allowed`,
    );
  }
  // Some servers take a name to end at a NUL; none has use for a space.
  const strange = bytes.find((byte) => byte <= 0x20 || byte >= 0x7f);
  if (strange !== undefined) {
    throw new MalformedHello(`a host name with the byte ${strange}`);
  }
  return String.fromCharCode(...bytes.subarray(0, length)).toLowerCase();
}
