import type { ByteQueue } from "./byte_queue.ts";
import { EngineError } from "./engine_error.ts";

/** A request, as the routes and the tests see it. */
export interface EngineRequest {
  /** `GET`, `POST` and the like. */
  readonly method: string;
  /** The path, decoded, without query and without the version in front. */
  readonly path: string;
  /** The version that the path began with, such as `v1.41`. */
  readonly version: string | undefined;
  /** What followed the path. */
  readonly query: URLSearchParams;
  /** The header fields. */
  readonly headers: Headers;
  /** The body: parsed if it is JSON, else its text; undefined if there is none. */
  readonly body: unknown;
}

/** JSON that is an object. */
export type Json = Record<string, unknown>;

const HEAD_BYTES_MAX = 64 * 1024;
const BODY_BYTES_MAX = 16 * 1024 * 1024;

const decoder = new TextDecoder();

/**
 * Reads the next request of a connection.
 *
 * @param incoming What the client sends.
 * @returns The request; undefined if the client sends no more.
 * @throws {EngineError} If that is no HTTP.
 */
export async function readRequest(
  incoming: ByteQueue,
): Promise<EngineRequest | undefined> {
  const head = await takeThrough(incoming, "\r\n\r\n", HEAD_BYTES_MAX);
  if (head === undefined) return undefined;
  const [first = "", ...fields] = head.trimEnd().split("\r\n");
  const match = /^([A-Z]+) (\/\S*) HTTP\/1\.1$/.exec(first);
  if (match === null) throw new EngineError(400, `bad request line: ${first}`);
  const headers = new Headers(fields.map((field): [string, string] => {
    const colon = field.indexOf(":");
    if (colon < 1) throw new EngineError(400, `bad header field: ${field}`);
    return [field.slice(0, colon), field.slice(colon + 1).trim()];
  }));
  const target = new URL(match[2]!, "http://engine");
  const path = decodeURIComponent(target.pathname);
  const version = /^\/(v1\.\d+)(?=\/)/.exec(path)?.[1];
  return {
    method: match[1]!,
    path: version === undefined ? path : path.slice(version.length + 1),
    version,
    query: target.searchParams,
    headers,
    body: parsed(await readBody(incoming, headers)),
  };
}

/** Whether the client wants the connection itself, as `docker exec` does. */
export function wantsUpgrade({ headers }: EngineRequest): boolean {
  return headers.get("connection")?.toLowerCase() === "upgrade" &&
    headers.get("upgrade") === "tcp";
}

/**
 * Whether a query's switch is on, as the engine takes it: set, and to nothing
 * that says no.
 */
export function isOn({ query }: EngineRequest, name: string): boolean {
  return !["", "0", "no", "false", "none"].includes(
    (query.get(name) ?? "").trim().toLowerCase(),
  );
}

/**
 * A request's body as a JSON object.
 *
 * @throws {EngineError} If it is something else, as 20.10 answers.
 */
export function jsonBody({ body }: EngineRequest): Json {
  if (body === undefined) return {};
  if (isJson(body)) return body;
  if (typeof body === "string") throw new EngineError(500, "unexpected EOF");
  throw new EngineError(400, `json: cannot unmarshal ${typeof body}`);
}

/** Whether a value is a JSON object. */
export function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

async function readBody(
  incoming: ByteQueue,
  headers: Headers,
): Promise<string> {
  if (headers.get("transfer-encoding")?.toLowerCase() === "chunked") {
    return await readChunks(incoming);
  }
  const length = Number(headers.get("content-length") ?? "0");
  if (!Number.isSafeInteger(length) || length < 0 || length > BODY_BYTES_MAX) {
    throw new EngineError(400, "bad Content-Length");
  }
  return decoder.decode(await takeExactly(incoming, length));
}

async function readChunks(incoming: ByteQueue): Promise<string> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let total = 0; total <= BODY_BYTES_MAX;) {
    const line = await takeThrough(incoming, "\r\n", HEAD_BYTES_MAX) ?? "";
    const size = /^([0-9a-fA-F]{1,6})(?:;.*)?\r\n$/.exec(line)?.[1];
    if (size === undefined) throw new EngineError(400, "bad chunk");
    const length = parseInt(size, 16);
    parts.push(await takeExactly(incoming, length));
    await takeExactly(incoming, 2);
    if (length === 0) return await new Blob(parts).text();
    total += length;
  }
  throw new EngineError(400, "body too long");
}

/** Text up to and with the given end; undefined if nothing comes any more. */
async function takeThrough(
  incoming: ByteQueue,
  end: string,
  bytesMax: number,
): Promise<string | undefined> {
  // Latin-1, so that the place in the text is the place in the bytes.
  let text = "";
  for (;;) {
    const chunk = await incoming.take();
    if (chunk === undefined) {
      if (text === "") return undefined;
      throw new EngineError(400, "the request breaks off");
    }
    const known = text.length;
    for (const byte of chunk) text += String.fromCharCode(byte);
    const at = text.indexOf(end);
    if (at >= 0) {
      incoming.unshift(chunk.subarray(at + end.length - known));
      return text.slice(0, at + end.length);
    }
    if (text.length > bytesMax) throw new EngineError(400, "head too long");
  }
}

async function takeExactly(
  incoming: ByteQueue,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let filled = 0; filled < length;) {
    const chunk = await incoming.take();
    if (chunk === undefined) {
      throw new EngineError(400, "the request breaks off");
    }
    const part = chunk.subarray(0, length - filled);
    bytes.set(part, filled);
    filled += part.length;
    incoming.unshift(chunk.subarray(part.length));
  }
  return bytes;
}

function parsed(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
