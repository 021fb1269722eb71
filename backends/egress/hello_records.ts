import { MalformedHello } from "./hello_reader.ts";

/** How many bytes a ClientHello may take, with the headers of its records. */
export const CLIENT_HELLO_BYTES_MAX = 65_536;

/**
 * How many records it may be cut into. Each call walks over their headers, so
 * tiny records that come byte by byte would keep the host busy.
 */
export const CLIENT_HELLO_RECORDS_MAX = 256;

// RFC 8446, 5.1
const RECORD_HEADER_BYTES = 5;
const RECORD_BYTES_MAX = 16_384;
const HANDSHAKE = 0x16;
const VERSION_MAJOR = 3;
// RFC 8446, 4
const MESSAGE_HEADER_BYTES = 4;
const CLIENT_HELLO = 1;

/**
 * Whether bytes may be a TLS handshake's first, as far as they go.
 *
 * @param bytes All that a client has sent.
 */
export function mayBeTls(bytes: Uint8Array): boolean {
  return (bytes.length < 1 || bytes[0] === HANDSHAKE) &&
    (bytes.length < 2 || bytes[1] === VERSION_MAJOR);
}

/**
 * Takes a ClientHello out of the records that bring it.
 *
 * Until it is whole, nothing is copied, and only the headers of the records and
 * its own are looked at.
 *
 * @param bytes All that a client has sent.
 * @returns The ClientHello, without its header; undefined until it is whole.
 * @throws {MalformedHello} If it cannot become one any more.
 */
export function joinHello(bytes: Uint8Array): Uint8Array | undefined {
  const length = messageLength(bytes);
  if (length === undefined) return undefined;
  return joinRecords(bytes, length).subarray(MESSAGE_HEADER_BYTES);
}

/**
 * How long the first message is, with its header; undefined until it is whole. It
 * must end where a record does: after a ClientHello, a client waits for the answer
 * or sends early data, which takes another type of record.
 */
function messageLength(bytes: Uint8Array): number | undefined {
  const header: number[] = [];
  let seen = 0;
  for (let at = 0, records = 1;; records++) {
    if (records > CLIENT_HELLO_RECORDS_MAX) {
      throw new MalformedHello(`more than ${CLIENT_HELLO_RECORDS_MAX} records`);
    }
    const start = at + RECORD_HEADER_BYTES;
    if (start > bytes.length) return undefined;
    const end = start + recordLength(bytes, at);
    // The message's header, too, may be cut.
    for (let i = start; i < Math.min(end, bytes.length); i++) {
      if (header.length === MESSAGE_HEADER_BYTES) break;
      header.push(bytes[i]!);
    }
    const length = lengthIn(header);
    seen += end - start;
    // Records in which the header is not whole are too small to matter.
    const left = length === undefined ? 0 : length - seen;
    if (left < 0) {
      throw new MalformedHello("more than a ClientHello in its record");
    }
    const total = end + left +
      RECORD_HEADER_BYTES * Math.ceil(left / RECORD_BYTES_MAX);
    if (total > CLIENT_HELLO_BYTES_MAX) {
      throw new MalformedHello(
        `at least ${total} bytes, and ${CLIENT_HELLO_BYTES_MAX} are allowed`,
      );
    }
    if (end > bytes.length) return undefined;
    if (seen === length) return length;
    at = end;
  }
}

/** The length of the record whose header is there. */
function recordLength(bytes: Uint8Array, at: number): number {
  const type = bytes[at]!;
  const major = bytes[at + 1]!;
  const length = bytes[at + 3]! * 256 + bytes[at + 4]!;
  if (type !== HANDSHAKE) {
    throw new MalformedHello(`a record of type ${type} within the ClientHello`);
  }
  // Servers ignore the minor version (RFC 8446, 5.1).
  if (major !== VERSION_MAJOR) {
    throw new MalformedHello(`a record of version ${major}`);
  }
  if (length === 0) throw new MalformedHello("an empty record");
  if (length > RECORD_BYTES_MAX) {
    throw new MalformedHello(
      `a record of ${length} bytes, and ${RECORD_BYTES_MAX} are allowed`,
    );
  }
  return length;
}

/** The length that as much as there is of a message's header tells. */
function lengthIn(header: readonly number[]): number | undefined {
  const [type, high, middle, low] = header;
  if (type !== undefined && type !== CLIENT_HELLO) {
    throw new MalformedHello(`a handshake message of type ${type}`);
  }
  if (low === undefined) return undefined;
  return MESSAGE_HEADER_BYTES + high! * 65_536 + middle! * 256 + low;
}

/** The message that these records, which have been checked, bring. */
function joinRecords(bytes: Uint8Array, length: number): Uint8Array {
  const message = new Uint8Array(length);
  let at = 0;
  for (let joined = 0; joined < length;) {
    const start = at + RECORD_HEADER_BYTES;
    at = start + recordLength(bytes, at);
    message.set(bytes.subarray(start, at), joined);
    joined += at - start;
  }
  return message;
}
