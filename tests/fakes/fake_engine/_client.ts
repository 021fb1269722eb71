// dockerode on a fake engine, and its streams as bytes.
// deno-lint-ignore no-import-prefix -- until deno.json declares it
import Docker from "npm:dockerode@^5";
import type { Duplex } from "node:stream";
import type { FakeEngine } from "./fake_engine.ts";

export { Docker };

/** A client of an engine. */
export function clientOf({ socketPath }: FakeEngine): Docker {
  return new Docker({ socketPath });
}

/** What came out of a stream with frames, until it ended. */
export interface Demuxed {
  readonly stdout: string;
  readonly stderr: string;
  /** What is left of a frame that is not whole. */
  readonly rest: number;
}

/** Reads a stream to its end. */
export async function readAll(stream: Duplex): Promise<Uint8Array> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const part of stream) parts.push(new Uint8Array(part));
  return await new Blob(parts).bytes();
}

/** Reads a stream with frames to its end. */
export async function demux(stream: Duplex): Promise<Demuxed> {
  const bytes = await readAll(stream);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const texts = ["", "", ""];
  let at = 0;
  while (at + 8 <= bytes.length) {
    const end = at + 8 + view.getUint32(at + 4);
    if (end > bytes.length) break;
    texts[bytes[at]!] += new TextDecoder().decode(bytes.subarray(at + 8, end));
    at = end;
  }
  return { stdout: texts[1]!, stderr: texts[2]!, rest: bytes.length - at };
}
