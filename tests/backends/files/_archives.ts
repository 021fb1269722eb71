// Archives for tests, byte by byte and from nothing that is tested: what is wrong
// with one is wrong on purpose.

const encoder = new TextEncoder();

/** Text or bytes, as bytes. */
export function bytesOf(value: string | Uint8Array): Uint8Array {
  return typeof value === "string" ? encoder.encode(value) : value;
}

/** Several pieces as one. */
export function concat(
  ...pieces: readonly (string | Uint8Array)[]
): Uint8Array<ArrayBuffer> {
  const all = pieces.map(bytesOf);
  const whole = new Uint8Array(
    all.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const piece of all) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Fields of a header. What is left out makes sense. */
export interface Fields {
  name?: string | Uint8Array;
  mode?: string | Uint8Array;
  /** The size, as digits or as the field's bytes. */
  size?: string | Uint8Array;
  mtime?: string | Uint8Array;
  type?: string;
  link?: string | Uint8Array;
  magic?: string;
  prefix?: string;
  /** The checksum, in place of the right one. */
  checksum?: string;
}

/** A header of 512 bytes. */
export function header(fields: Fields): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(512);
  const put = (value: string | Uint8Array, at: number) =>
    block.set(bytesOf(value), at);
  put(fields.name ?? "name", 0);
  put(fields.mode ?? "0000644", 100);
  put("0000000", 108);
  put("0000000", 116);
  put(fields.size ?? "0", 124);
  put(fields.mtime ?? "0", 136);
  put("        ", 148);
  put(fields.type ?? "0", 156);
  put(fields.link ?? "", 157);
  put(fields.magic ?? "ustar\x0000", 257);
  put(fields.prefix ?? "", 345);
  const sum = block.reduce((sum, byte) => sum + byte, 0);
  put(fields.checksum ?? `${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

/** Zeros up to the next block. */
export function padding(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array((512 - size % 512) % 512);
}

/** An entry: header, body, padding. */
export function entry(
  fields: Fields,
  body: string | Uint8Array = "",
): Uint8Array<ArrayBuffer> {
  const { length } = bytesOf(body);
  const size = fields.size ?? length.toString(8);
  return concat(header({ ...fields, size }), body, padding(length));
}

/** A file. */
export function file(
  name: string | Uint8Array,
  body: string | Uint8Array = "",
): Uint8Array<ArrayBuffer> {
  return entry({ name }, body);
}

/** A folder. */
export function folder(
  name: string,
  mode = "0000755",
): Uint8Array<ArrayBuffer> {
  return entry({ name, mode, type: "5" });
}

/** A symbolic link. */
export function symlink(
  name: string,
  link: string | Uint8Array,
): Uint8Array<ArrayBuffer> {
  return entry({ name, link, type: "2" });
}

/** A second name. */
export function hardLink(name: string, link: string): Uint8Array<ArrayBuffer> {
  return entry({ name, link, type: "1" });
}

/** A record of an extended header. */
export function record(
  key: string,
  value: string | Uint8Array,
): Uint8Array<ArrayBuffer> {
  const rest = concat(` ${key}=`, value, "\n");
  let length = rest.length;
  while (`${length}`.length + rest.length !== length) {
    length = `${length}`.length + rest.length;
  }
  return concat(`${length}`, rest);
}

/** An extended header of POSIX, for one entry or, with `g`, for all. */
export function pax(
  records: Readonly<Record<string, string | Uint8Array>>,
  type: "x" | "g" = "x",
): Uint8Array<ArrayBuffer> {
  const body = Object.entries(records).map(([key, value]) =>
    record(key, value)
  );
  return entry({ name: "pax", type }, concat(...body));
}

/** A long name as GNU has it: `L` for a path, `K` for a link's target. */
export function gnuLong(
  type: "L" | "K",
  name: string | Uint8Array,
): Uint8Array<ArrayBuffer> {
  return entry({ name: "././@LongLink", type }, concat(name, "\0"));
}

/** What ends an archive. */
export const END: Uint8Array<ArrayBuffer> = new Uint8Array(1024);

/** An archive, as a stream in pieces of some size. */
export function stream(
  bytes: Uint8Array,
  size = 64 * 1024,
): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) controller.close();
      else controller.enqueue(bytes.slice(at, at += size));
    },
  }, { highWaterMark: 0 });
}

/** An archive of these entries, with its end. */
export function archive(
  ...entries: readonly Uint8Array[]
): ReadableStream<Uint8Array> {
  return stream(concat(...entries, END));
}
