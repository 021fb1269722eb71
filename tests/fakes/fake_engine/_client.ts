// dockerode on a fake engine, and its streams as bytes.
import { Agent } from "node:http";
import Dockerode from "dockerode";
import type { Docker } from "./_docker_types.ts";

export type { Container, Docker, Options } from "./_docker_types.ts";

/**
 * A client of an engine, which sends each request on a connection of its own:
 * where the engine closes one that was in use before, without an answer, the
 * `node:http` of Deno 2.9 sends the request again by itself, also a POST.
 *
 * @param engine Where it listens.
 * @param version The version in front of each path.
 */
export function clientOf(
  engine: { readonly socketPath: string },
  version?: string,
): Docker {
  const agent = Object.assign(new Agent({ keepAlive: false }), {
    // docker-modem inspects its options, the agent with them, at each request.
    [Symbol.for("nodejs.util.inspect.custom")]: () => "Agent",
  });
  return new Dockerode({ socketPath: engine.socketPath, version, agent });
}

/** What came out of a stream with frames, until it ended. */
export interface Demuxed {
  /** Standard output. */
  readonly stdout: string;
  /** Standard error. */
  readonly stderr: string;
  /** How many bytes are left, of a frame that is not whole. */
  readonly rest: number;
}

/** Reads a stream to its end. */
export async function readAll(
  stream: AsyncIterable<Uint8Array | string>,
): Promise<Uint8Array> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const part of stream) parts.push(bytesOf(part));
  return await new Blob(parts).bytes();
}

/** Reads a stream with frames to its end. */
export async function readFrames(
  stream: AsyncIterable<Uint8Array | string>,
): Promise<Demuxed> {
  const bytes = await readAll(stream);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const texts: string[] = ["", "", ""];
  const decoder = new TextDecoder();
  let at = 0;
  while (at + 8 <= bytes.length) {
    const end = at + 8 + view.getUint32(at + 4);
    if (end > bytes.length) break;
    texts[bytes[at]!] += decoder.decode(bytes.subarray(at + 8, end));
    at = end;
  }
  return { stdout: texts[1]!, stderr: texts[2]!, rest: bytes.length - at };
}

/** What the engine refused a request with. */
export async function refusal(
  request: Promise<unknown>,
): Promise<{ status: number; message: string }> {
  try {
    await request;
  } catch (error) {
    if (!(error instanceof Error) || !("statusCode" in error)) throw error;
    const message = /^\(HTTP code \d+\) [^-]* - ([^]*) $/.exec(error.message);
    return { status: Number(error.statusCode), message: message?.[1] ?? "" };
  }
  throw new Error("The engine did as it was asked");
}

function bytesOf(part: Uint8Array | string): Uint8Array<ArrayBuffer> {
  return typeof part === "string"
    ? new TextEncoder().encode(part)
    : new Uint8Array(part);
}
