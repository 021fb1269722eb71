import type { Arrival } from "../witness.ts";
import { BIG_BYTES } from "../plan.ts";
import { bigBody } from "./big_body.ts";
import { ByteInput, latin1, writeAll } from "./byte_input.ts";

/** What a web server that puts up with anything makes of a request's body. */
export interface WebServerOptions {
  /** What it calls itself. */
  readonly where: string;
  /**
   * Whether it believes `Content-Length` where there is `Transfer-Encoding`, too.
   * Requests are smuggled past a proxy by what server and proxy see otherwise.
   */
  readonly lengthFirst: boolean;
  readonly log: (arrival: Arrival) => void;
}

/** The head of a request, as such a server reads it. */
interface Head {
  readonly line: string;
  readonly path: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly raw: string;
}

const HEAD_BYTES_MAX = 1024 * 1024;
const encoder = new TextEncoder();

/** Serves requests on a connection until it ends, and logs all that comes. */
export async function serveWeb(
  conn: Deno.Conn,
  options: WebServerOptions,
): Promise<void> {
  const { where, log } = options;
  const peer = peerOf(conn);
  const input = new ByteInput(conn);
  for (;;) {
    const head = await readHead(input, (text) => {
      log({ where, kind: "bytes", peer, text });
    });
    if (head === undefined) return;
    const host = head.headers.get("host") ?? "";
    log({ where, kind: "request", peer, text: `${head.line} host=${host}` });
    const isWhole = await skipBody(input, head, options.lengthFirst);
    if (!isWhole || !await answer(conn, head, where)) return;
    // That one is to be ended by those who wait for its second byte.
    if (head.path === "/silent") continue;
    if (head.headers.get("connection")?.toLowerCase() === "close") return;
  }
}

/** Who is at the other end. */
export function peerOf(conn: Deno.Conn): string {
  const { hostname, port } = conn.remoteAddr as Deno.NetAddr;
  return `${hostname}:${port}`;
}

async function readHead(
  input: ByteInput,
  onRubbish: (text: string) => void,
): Promise<Head | undefined> {
  const lines: string[] = [];
  let size = 0;
  for (;;) {
    while (input.held.indexOf(10) === -1) {
      const isEndless = size + input.held.length > HEAD_BYTES_MAX;
      if (isEndless || !await input.more()) {
        const said = lines.join("\\n") + latin1(input.held);
        if (isEndless) onRubbish(`a head of more than ${HEAD_BYTES_MAX} bytes`);
        else if (said !== "") onRubbish(said.slice(0, 200));
        return undefined;
      }
    }
    const line = await input.line() ?? "";
    if (line !== "") {
      lines.push(line);
      size += line.length + 2;
    } else if (lines.length > 0) {
      return parseHead(lines);
    }
  }
}

/** Reads headers as laxly as any server does: folded, with spaces before colons. */
function parseHead([line = "", ...rest]: readonly string[]): Head {
  const headers = new Map<string, string>();
  let name = "";
  for (const text of rest) {
    const at = text.indexOf(":");
    const isFolded = /^[ \t]/.test(text);
    if (!isFolded) name = text.slice(0, at).trim().toLowerCase();
    const value = (isFolded ? text : text.slice(at + 1)).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  const path = line.split(" ")[1]?.replace(/^http:\/\/[^/]*/, "") ?? "/";
  return { line, path, headers, raw: [line, ...rest].join("\n") + "\n" };
}

async function skipBody(
  input: ByteInput,
  { headers }: Head,
  lengthFirst: boolean,
): Promise<boolean> {
  const encoding = headers.get("transfer-encoding")?.toLowerCase() ?? "";
  const lengths = headers.get("content-length");
  const length = Number.parseInt(lengths?.split(",").at(-1) ?? "0", 10) || 0;
  const isChunked = encoding.includes("chunked");
  if (!isChunked || (lengthFirst && lengths !== undefined)) {
    return await input.skip(length);
  }
  for (;;) {
    const size = Number.parseInt(await input.line() ?? "0", 16) || 0;
    if (size > 0 && !await input.skip(size)) return false;
    const end = await input.line();
    if (end === undefined) return false;
    if (size === 0) return true;
  }
}

/** Answers a request; false if the connection is not to be used any more. */
async function answer(
  conn: Deno.Conn,
  head: Head,
  where: string,
): Promise<boolean> {
  const say = (text: string) => writeAll(conn, encoder.encode(text));
  const ok = (length: number) =>
    say(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`);
  const [, what, first, second] = head.path.split("/");
  switch (what) {
    case "big":
      await ok(BIG_BYTES);
      for (const block of bigBody()) {
        if (!await writeAll(conn, block)) return false;
      }
      return true;
    // So many bytes, each after so many milliseconds.
    case "drip":
      await ok(Number(first));
      for (let i = 0; i < Number(first); i++) {
        await new Promise((resolve) => setTimeout(resolve, Number(second)));
        if (!await say(".")) return false;
      }
      return true;
    // One byte of two; the other one never comes.
    case "silent":
      await ok(2);
      return await say(".");
    case "echo":
      await ok(encoder.encode(head.raw).length);
      return await say(head.raw);
    case "upgrade":
      return await say(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n" +
          "Upgrade: websocket\r\n\r\n",
      );
    default: {
      const body = `hello from ${where}\n`;
      await ok(body.length);
      return await say(body);
    }
  }
}
