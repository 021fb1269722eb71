// The smuggling property: whatever the egress proxy's parser accepts, a server
// that reads the same bytes takes for the same request, with the same body, and
// finds the next request in the same place.
import { assertEquals, AssertionError } from "@std/assert";
import fc from "fast-check";
import { ChunkedScanner } from "../../backends/egress/chunked_scanner.ts";
import { forwardedRequest } from "../../backends/egress/forwarded_head.ts";
import {
  type BodyFraming,
  requestBody,
} from "../../backends/egress/message_body.ts";
import {
  headEnd,
  MalformedMessage,
  parseRequestHead,
  type RequestHead,
} from "../../backends/egress/request_head.ts";
import {
  connectTarget,
  plainTarget,
  RefusedTarget,
} from "../../backends/egress/target.ts";
import { bytesOf } from "../backends/egress/_http.ts";
import { reportRow, runsOf, SEED, Tally } from "./_form.ts";
import { requestBytes } from "./_http_requests.ts";
import { Peer, type PeerCommand, whyNot } from "./_peer.ts";

const PROGRAM = new URL("./_http_program.mjs", import.meta.url).pathname;
const PEERS: Readonly<Record<string, PeerCommand>> = {
  "Node's llhttp": { command: "node", args: [PROGRAM] },
  "Deno's node:http": {
    command: Deno.execPath(),
    args: ["run", "--no-prompt", "--no-lock", "--allow-net=127.0.0.1", PROGRAM],
  },
};
const BATCH = 50;

/** What the server is to find behind each request. */
const MARKER = "GET /marker HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n";

/** A request as a server has read it. */
interface Seen {
  readonly method: string;
  readonly url: string;
  readonly httpVersion: string;
  readonly headers: readonly string[];
  readonly body: number;
  readonly isWhole?: boolean;
  readonly tunnel?: number;
}
interface Answer {
  readonly requests: readonly Seen[];
  readonly error?: string;
}

/** A request that the proxy's parser has accepted whole. */
interface Accepted {
  readonly head: RequestHead;
  readonly bytes: Uint8Array;
  /** How long its body is, without what frames it. */
  readonly body: number;
}

/** How long the body in front of some bytes is, framed and without frames. */
function bodyLengths(
  framing: BodyFraming,
  bytes: Uint8Array,
): { framed: number; body: number } | undefined {
  if (framing.kind === "none") return { framed: 0, body: 0 };
  if (framing.kind === "length") {
    const { length } = framing;
    return length > bytes.length ? undefined : { framed: length, body: length };
  }
  const scanner = new ChunkedScanner();
  const framed = scanner.push(bytes);
  if (!scanner.isDone) return undefined;
  // A chunk's size line ends at a line end; the scanner says that all is well.
  let body = 0;
  for (let at = 0;;) {
    const size = Number.parseInt(
      String.fromCharCode(...bytes.slice(at, at + 12)),
      16,
    );
    if (size === 0) return { framed, body };
    body += size;
    at = bytes.indexOf(10, at) + 1 + size + 2;
  }
}

/** What the proxy makes of bytes: the request as it came, and as it goes on. */
function accept(bytes: Uint8Array): Accepted[] {
  const end = headEnd(bytes);
  if (end < 0) return [];
  try {
    const head = parseRequestHead(bytes.slice(0, end));
    const lengths = bodyLengths(requestBody(head), bytes.slice(end));
    if (lengths === undefined) return [];
    const { framed, body } = lengths;
    const own = bytes.slice(0, end + framed);
    if (head.method === "CONNECT") {
      connectTarget(head);
      // Nothing of it is passed on, and what follows is the tunnel's.
      return [{ head, bytes: own, body }];
    }
    const passed = forwardedRequest(head, plainTarget(head));
    return [
      { head, bytes: own, body },
      {
        head: parseRequestHead(passed),
        bytes: Uint8Array.from([...passed, ...own.subarray(end)]),
        body,
      },
    ];
  } catch (error) {
    if (error instanceof MalformedMessage || error instanceof RefusedTarget) {
      return [];
    }
    throw error;
  }
}

/** Whether what a server has read is what we have; or why it did not read it. */
function compare({ head, bytes, body }: Accepted, answer: Answer): string {
  const { requests: [first, ...others], error } = answer;
  if (error === "silent") {
    throw new AssertionError("the server waits for more of it");
  }
  if (first === undefined) return `refused: ${error}`;
  const found = {
    method: first.method,
    target: first.url,
    version: first.httpVersion,
    headers: first.headers,
  };
  assertEquals(found, {
    method: head.method,
    target: head.target,
    version: head.version,
    headers: head.headers.flat(),
  });
  if (first.tunnel !== undefined) {
    // Node takes all else for the tunnel's, and Deno what is behind the body. On
    // its way to a host, no request has an Upgrade.
    const isBodyRead = first.body === body && first.tunnel === MARKER.length;
    const framed = isBodyRead ? 0 : bytes.length - headEnd(bytes);
    assertEquals(first.tunnel, framed + MARKER.length, "the tunnel's");
    assertEquals(others, []);
    return "tunnel";
  }
  if (first.isWhole) assertEquals(first.body, body, "the body's length");
  const [second, ...more] = others;
  assertEquals(more, []);
  if (second === undefined) {
    // Either the request ended the connection, or its body was refused.
    return first.isWhole ? "read, the last one" : `body refused: ${error}`;
  }
  assertEquals([second.method, second.url], ["GET", "/marker"], "the next one");
  assertEquals(first.isWhole, true, "the next one came, so the body has ended");
  return "read, and the next one";
}

for (const [name, command] of Object.entries(PEERS)) {
  const reason = await whyNot({
    command: command.command,
    args: ["--version"],
  });
  Deno.test({
    name:
      `requests that the egress proxy accepts are to ${name} the same requests` +
      (reason === undefined ? "" : ` (skipped: ${reason})`),
    ignore: reason !== undefined,
    fn: async () => {
      const tally = new Tally();
      const { numRuns, seed } = runsOf(`egress, ${name}`, 3000, 200_000);
      await using peer = new Peer(command);
      let drawn = 0;
      const ask = async (asked: readonly Accepted[]) => {
        const answers = await peer.ask(
          asked.map(({ bytes }) =>
            Uint8Array.from([...bytes, ...bytesOf(MARKER)])
          ),
        );
        for (const [n, answer] of answers.entries()) {
          const { bytes } = asked[n]!;
          try {
            tally.add(compare(asked[n]!, JSON.parse(answer)));
          } catch (cause) {
            throw new AssertionError(
              `ZU_FUZZ_SEED=${SEED}: ${(cause as Error).message}\nfor ${
                JSON.stringify(String.fromCharCode(...bytes))
              }\n${answer}`,
              { cause },
            );
          }
        }
      };
      // Batches, since a connection's answer is a matter of waiting.
      const batches = fc.array(requestBytes, {
        minLength: BATCH,
        maxLength: BATCH,
      });
      await fc.assert(
        fc.asyncProperty(batches, async (batch) => {
          drawn += batch.length;
          await ask(batch.flatMap(accept));
        }),
        { numRuns: Math.ceil(numRuns / BATCH), seed, endOnFailure: true },
      );
      reportRow("parseRequestHead, requestBody", name, drawn, `${tally}`);
    },
  });
}
