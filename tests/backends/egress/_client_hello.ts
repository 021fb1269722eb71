/** An extension: its type, and what is in it. */
export type Extension = readonly [type: number, data: Uint8Array];

/** What a ClientHello is made of. Each part has a usual value. */
export interface HelloParts {
  readonly version?: number;
  readonly sessionId?: Uint8Array;
  readonly ciphers?: Uint8Array;
  readonly compressions?: Uint8Array;
  /** Null for one without the list of extensions. */
  readonly extensions?: readonly Extension[] | null;
}

/** The type of extension that holds an encrypted ClientHello. */
export const ENCRYPTED = 0xfe0d;

/** The bytes of a text in ASCII. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** Bytes, one part after the other. */
export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** A number in that many bytes. */
export function number(value: number, length: number): Uint8Array {
  return Uint8Array.from(
    { length },
    (_, i) => Math.floor(value / 256 ** (length - 1 - i)) % 256,
  );
}

/** Bytes behind their length, which is a number of that many bytes. */
export function vector(
  lengthBytes: number,
  ...parts: readonly Uint8Array[]
): Uint8Array {
  const bytes = join(...parts);
  return join(number(bytes.length, lengthBytes), bytes);
}

/** An entry of the list of server names. */
export function name(host: string | Uint8Array, type = 0): Uint8Array {
  const bytes = typeof host === "string" ? ascii(host) : host;
  return join(number(type, 1), vector(2, bytes));
}

/** The extension with these entries. */
export function serverName(...names: Uint8Array[]): Extension {
  return [0, vector(2, ...names)];
}

/** The list of extensions. */
export function list(extensions: readonly Extension[]): Uint8Array {
  return vector(
    2,
    ...extensions.map(([type, data]) => join(number(type, 2), vector(2, data))),
  );
}

/** What is in a ClientHello, without its header. */
export function body(parts: HelloParts = {}): Uint8Array {
  const extensions = parts.extensions === undefined
    ? [serverName(name("api.example.com"))]
    : parts.extensions;
  return join(
    number(parts.version ?? 0x0303, 2),
    new Uint8Array(32).fill(0xaa),
    vector(1, parts.sessionId ?? new Uint8Array(32).fill(0xbb)),
    vector(2, parts.ciphers ?? number(0x13011302, 4)),
    vector(1, parts.compressions ?? number(0, 1)),
    extensions === null ? new Uint8Array() : list(extensions),
  );
}

/** A message of a handshake, by default a ClientHello. */
export function message(bytes: Uint8Array, type = 1): Uint8Array {
  return join(number(type, 1), vector(3, bytes));
}

/** A record, by default one of a handshake. */
export function record(
  bytes: Uint8Array,
  type = 0x16,
  version = 0x0301,
): Uint8Array {
  return join(number(type, 1), number(version, 2), vector(2, bytes));
}

/** Records that bring bytes in pieces of the given size. */
export function records(bytes: Uint8Array, size: number): Uint8Array {
  const count = Math.ceil(bytes.length / size);
  return join(...Array.from(
    { length: count },
    (_, i) => record(bytes.subarray(i * size, (i + 1) * size)),
  ));
}

/** A whole ClientHello in one record. */
export function hello(parts?: HelloParts): Uint8Array {
  return record(message(body(parts)));
}

/** What is in records, whatever they are: the rest of the last may be missing. */
export function contents(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at + 5 <= bytes.length;) {
    const length = bytes[at + 3]! * 256 + bytes[at + 4]!;
    parts.push(bytes.subarray(at + 5, at + 5 + length));
    at += 5 + length;
  }
  return join(...parts);
}
