/** A question of the domain name system. */
export interface DnsQuestion {
  readonly id: number;
  readonly name: string;
  /** 1 for addresses of IPv4, 28 for those of IPv6. */
  readonly type: number;
  /** Where the question ends. */
  readonly end: number;
}

/** The types of records that stand for addresses. */
export const TYPES = { A: 1, AAAA: 28 } as const;

const HEADER_BYTES = 12;
const NXDOMAIN = 3;

/** Reads a message's first question; undefined if it has none. */
export function readQuestion(message: Uint8Array): DnsQuestion | undefined {
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (;;) {
    const length = message[at];
    if (length === undefined || length > 63) return undefined;
    at += 1 + length;
    if (length === 0) break;
    labels.push(new TextDecoder().decode(message.subarray(at - length, at)));
  }
  if (at + 4 > message.length) return undefined;
  return {
    id: view.getUint16(0),
    name: labels.join("."),
    type: view.getUint16(at),
    end: at + 4,
  };
}

/** Answers a question with addresses; undefined means that there is no such name. */
export function writeAnswer(
  message: Uint8Array,
  { id, type, end }: DnsQuestion,
  addresses: readonly string[] | undefined,
): Uint8Array<ArrayBuffer> {
  const records = (addresses ?? []).map(addressBytes).filter(({ length }) =>
    length === (type === TYPES.A ? 4 : type === TYPES.AAAA ? 16 : -1)
  );
  const bytes = [...message.subarray(0, end)];
  const header = new DataView(new ArrayBuffer(HEADER_BYTES));
  header.setUint16(0, id);
  // An answer, recursion wanted and to be had.
  header.setUint16(2, 0x8180 | (addresses === undefined ? NXDOMAIN : 0));
  header.setUint16(4, 1);
  header.setUint16(6, records.length);
  bytes.splice(0, HEADER_BYTES, ...new Uint8Array(header.buffer));
  for (const record of records) {
    // The name of the question, class IN, to be kept for no time at all.
    bytes.push(0xc0, HEADER_BYTES, 0, type, 0, 1, 0, 0, 0, 0);
    bytes.push(0, record.length, ...record);
  }
  return new Uint8Array(bytes);
}

/** An address as bytes: 4, or 16 where it has a colon. */
function addressBytes(address: string): number[] {
  if (!address.includes(":")) return address.split(".").map(Number);
  const [head = "", tail] = new URL(`http://[${address}]`).hostname
    .slice(1, -1).split("::");
  const groups = (text: string) => text === "" ? [] : text.split(":");
  const after = groups(tail ?? "");
  const before = groups(head);
  const zeros = Array(8 - before.length - after.length).fill("0");
  return [...before, ...zeros, ...after].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
