// Between a stored row and an event: the payload codec at work.
import {
  decodePayload,
  encodePayload,
  IdentityCodec,
  type PayloadCodec,
  ROW_AAD_SEPARATOR,
  rowAad,
} from "../../codec/mod.ts";
import { decodeUtf8 } from "../_utf8.ts";
import type { Event } from "../event.ts";
import { parseEvent, serializeEvent } from "../parse_event.ts";
import { SinkError } from "../sink_error.ts";
import { packBlobs, unpackBlobs } from "./blobs.ts";
import { codecFailure, withPatience } from "./codec_wait.ts";
import type { Blobs, StoredRows } from "./stored_rows.ts";

/** A row that was read: its event, or why there is none. */
export type DecodedRow =
  | { readonly seq: number; readonly event: Event }
  | { readonly seq: number; readonly error: SinkError };

/** A row's stored text, or why it cannot be had. */
export type RowText =
  | { readonly seq: number; readonly text: string }
  | { readonly seq: number; readonly error: SinkError };

const encoder = new TextEncoder();
const PLAIN = 0;
/** UTF-8 takes at most three bytes for a UTF-16 unit. */
const BYTES_PER_UNIT_MAX = 3;

/** Encodes events for one codec, and decodes rows for every codec of a log. */
export class RowCodec {
  readonly #codec: PayloadCodec;
  readonly #readers: readonly PayloadCodec[];
  readonly #plainIsIdentity: boolean;
  readonly #eventBytesMax: number;
  readonly #timeoutMs: number;

  constructor(
    codec: PayloadCodec,
    readers: readonly PayloadCodec[],
    { eventBytesMax, codecTimeoutMs }: {
      readonly eventBytesMax: number;
      readonly codecTimeoutMs: number;
    },
  ) {
    this.#codec = codec;
    this.#readers = [codec, ...readers.filter((reader) => reader !== codec)];
    this.#plainIsIdentity = this.#readers.every((reader) =>
      reader.version !== PLAIN || reader instanceof IdentityCodec
    );
    this.#eventBytesMax = eventBytesMax;
    this.#timeoutMs = codecTimeoutMs;
  }

  /** Encodes a batch; nothing of it if one event cannot be. */
  async encode(events: readonly Event[]): Promise<Blobs> {
    const texts = events.map(serializeEvent);
    if (this.#codec instanceof IdentityCodec) {
      return this.#checked(encodePlain(texts), events);
    }
    const encoded = Promise.all(
      texts.map((text, i) => this.#encode(text, events[i]!)),
    );
    const blobs = await withPatience(encoded, { timeoutMs: this.#timeoutMs });
    return this.#checked(packBlobs(blobs), events);
  }

  async #encode(text: string, event: Event): Promise<Uint8Array> {
    try {
      return await encodePayload(this.#codec, text, rowAad(event));
    } catch (cause) {
      throw codecFailure(cause, event.event_id);
    }
  }

  #checked(blobs: Blobs, events: readonly Event[]): Blobs {
    const large = blobs.lengths.findIndex((n) => n > this.#eventBytesMax);
    if (large < 0) return blobs;
    const { event_id } = events[large]!;
    throw new SinkError(
      "invalid_event",
      `Cannot append event ${event_id}: it takes ${
        blobs.lengths[large]
      } bytes, ` +
        `and eventBytesMax is ${this.#eventBytesMax}. Store large things elsewhere and log a reference`,
      { event_id },
    );
  }

  /** Decodes a page; a row that cannot be decoded does not keep the others. */
  async decode(
    rows: StoredRows,
    signal?: AbortSignal,
  ): Promise<DecodedRow[]> {
    return (await this.texts(rows, signal)).map((row) => {
      if ("error" in row) return row;
      const { seq, text } = row;
      try {
        return { seq, event: parseEvent(text) };
      } catch (cause) {
        const aad = unpackBlobs(rows.aads)[rows.seqs.indexOf(seq)]!;
        return { seq, error: corruptRow(seq, cause, idIn(aad)) };
      }
    });
  }

  /** Decrypts a page, without looking at what the texts say. */
  async texts(rows: StoredRows, signal?: AbortSignal): Promise<RowText[]> {
    const blobs = unpackBlobs(rows.blobs);
    const aads = unpackBlobs(rows.aads);
    const texts: (RowText | Promise<RowText>)[] = [];
    let anyEncoded = false;
    for (const [i, seq] of rows.seqs.entries()) {
      const isPlain = blobs[i]![0] === PLAIN && this.#plainIsIdentity;
      anyEncoded ||= !isPlain;
      texts.push(
        isPlain
          ? plainText(seq, blobs[i]!)
          : this.#text(seq, blobs[i]!, aads[i]!),
      );
    }
    if (!anyEncoded) return texts as RowText[];
    const timeoutMs = this.#timeoutMs;
    return await withPatience(Promise.all(texts), { timeoutMs, signal });
  }

  async #text(
    seq: number,
    blob: Uint8Array,
    aad: Uint8Array,
  ): Promise<RowText> {
    try {
      return { seq, text: await decodePayload(blob, aad, this.#readers) };
    } catch (cause) {
      return { seq, error: corruptRow(seq, cause, idIn(aad)) };
    }
  }
}

function plainText(seq: number, blob: Uint8Array): RowText {
  try {
    return { seq, text: decodeUtf8(blob.subarray(1)) };
  } catch (cause) {
    return { seq, error: corruptRow(seq, cause) };
  }
}

/** The event's id in a row's AAD, which plain rows are read without. */
function idIn(aad: Uint8Array): string | undefined {
  const [id] = new TextDecoder().decode(aad).split(ROW_AAD_SEPARATOR);
  return id || undefined;
}

/** The error for a row that is not readable. */
export function corruptRow(
  seq: number,
  cause: unknown,
  event_id?: string,
): SinkError {
  const of = event_id ? ` (event ${event_id})` : "";
  return new SinkError(
    "corrupt_row",
    `Cannot read row ${seq}${of}: ${
      cause instanceof Error ? cause.message : cause
    }. Pass onCorrupt to read past such rows`,
    { seq, event_id: event_id || undefined, cause },
  );
}

/**
 * Plain blobs, written straight into the buffer that crosses the thread. All
 * texts go through the encoder at once: a call for each costs more than the
 * encoding. Version 0 is the byte that U+0000 is encoded as.
 */
function encodePlain(texts: readonly string[]): Blobs {
  const joined = `\0${texts.join("\0")}`;
  const bytes = new Uint8Array(joined.length * BYTES_PER_UNIT_MAX);
  const { written } = encoder.encodeInto(joined, bytes);
  if (written === joined.length) {
    return { bytes, lengths: texts.map(({ length }) => length + 1) };
  }
  // Stored text escapes U+0000, so that each zero byte begins a blob.
  const lengths: number[] = [];
  let start = 0;
  for (const _ of texts) {
    const next = bytes.subarray(0, written).indexOf(PLAIN, start + 1);
    const end = next < 0 ? written : next;
    lengths.push(end - start);
    start = end;
  }
  return { bytes, lengths };
}
