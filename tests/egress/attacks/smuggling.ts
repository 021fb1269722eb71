import type { EgressReason } from "../../../backends/egress_attempt.ts";
import { type Attack, commandAttack } from "../attack.ts";
import { client } from "../place.ts";
import { NAMES, PORTS } from "../plan.ts";
import { get, isAtAllowed, isLookUp, requested } from "./ask_proxy.ts";

const { allowed, other } = NAMES;

/** A way to send a second request along with one that is allowed. */
interface Smuggling {
  readonly name: string;
  /** What is sent, each piece after an answer to the one before. */
  readonly pieces: (smuggled: string) => readonly string[];
  readonly port?: number;
  readonly record: readonly EgressReason[];
}

/** What the proxy may do that reads a request to its end, and nothing after it. */
const FIRST_ALONE: readonly EgressReason[] = ["closed"];
const REFUSED: readonly EgressReason[] = ["malformed"];

/** A POST whose body ends early for who believes that it is chunked. */
function chunkedForTheServer(field: string, size = "0"): Smuggling["pieces"] {
  return (smuggled) => {
    const body = `${size}\r\n\r\n${smuggled}`;
    return [post(`Content-Length: ${body.length}\r\n${field}`, body)];
  };
}

/** A POST whose body ends at once for who believes the server's length. */
function emptyForTheServer(
  fields: (length: number) => string,
): Smuggling["pieces"] {
  return (smuggled) => [post(fields(smuggled.length), smuggled)];
}

function post(fields: string, body: string, port = 80): string {
  const host = port === 80 ? allowed : `${allowed}:${port}`;
  return `POST http://${host}/first HTTP/1.1\r\nHost: ${host}\r\n` +
    `${fields}\r\n\r\n${body}`;
}

const TRANSFER_ENCODINGS: Readonly<Record<string, string>> = {
  "plain": "Transfer-Encoding: chunked",
  "unknown": "Transfer-Encoding: xchunked",
  "with a space before its colon": "Transfer-Encoding : chunked",
  "after a tab": "Transfer-Encoding:\tchunked",
  "folded": "Transfer-Encoding:\r\n chunked",
  "behind a lone LF": "X: y\nTransfer-Encoding: chunked",
  "twice": "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
  "with another behind it": "Transfer-Encoding: chunked, identity",
  "in quotes": 'Transfer-Encoding: "chunked"',
};

const WAYS: readonly Smuggling[] = [
  {
    name: "a second request right behind the first",
    pieces: (smuggled) => [get(allowed, "first") + smuggled],
    record: FIRST_ALONE,
  },
  {
    name: "a second request after the first one's answer",
    pieces: (smuggled) => [get(allowed, "first"), smuggled],
    record: FIRST_ALONE,
  },
  {
    name: "a second request behind HTTP/1.0 that stays",
    pieces: (smuggled) => [
      get(allowed, "first", "Connection: keep-alive\r\n")
        .replace("HTTP/1.1", "HTTP/1.0") + smuggled,
    ],
    record: FIRST_ALONE,
  },
  {
    name: "a second request behind a body of known length",
    pieces: (smuggled) => [post("Content-Length: 3", `abc${smuggled}`)],
    record: FIRST_ALONE,
  },
  {
    name: "a second request behind a chunked body",
    pieces: (smuggled) => [
      post("Transfer-Encoding: chunked", `3\r\nabc\r\n0\r\n\r\n${smuggled}`),
    ],
    record: FIRST_ALONE,
  },
  {
    name: "a second request behind an upgrade",
    pieces: (smuggled) => [
      get(
        allowed,
        "upgrade",
        "Connection: Upgrade\r\nUpgrade: websocket\r\n",
      ),
      smuggled,
    ],
    // That the host upgrades what nobody asked for is no HTTP.
    record: ["closed", "unreachable"],
  },
  {
    name: "a head that ends with two lone LFs",
    pieces: (smuggled) => [
      get(allowed, "first").replace(/\r\n\r\n$/, "\n\n") + smuggled,
    ],
    record: REFUSED,
  },
  ...Object.entries(TRANSFER_ENCODINGS).map(([how, field]) => ({
    name: `CL.TE, with Transfer-Encoding ${how}`,
    pieces: chunkedForTheServer(field),
    record: REFUSED,
  })),
  {
    name: "TE.CL",
    port: PORTS.lengthFirst,
    pieces: (smuggled) => {
      const size = `${smuggled.length.toString(16)}\r\n`;
      const fields = `Content-Length: ${size.length}\r\n` +
        "Transfer-Encoding: chunked";
      const body = `${size}${smuggled}\r\n0\r\n\r\n`;
      return [post(fields, body, PORTS.lengthFirst)];
    },
    record: REFUSED,
  },
  {
    name: "a chunk with two sizes",
    pieces: (smuggled) => [
      post(
        "Transfer-Encoding: chunked",
        `0 ${smuggled.length.toString(16)}\r\n\r\n${smuggled}\r\n0\r\n\r\n`,
      ),
    ],
    record: REFUSED,
  },
  {
    name: "two lengths",
    pieces: emptyForTheServer((length) =>
      `Content-Length: ${length}\r\nContent-Length: 0`
    ),
    record: REFUSED,
  },
  {
    name: "two lengths in one field",
    pieces: emptyForTheServer((length) => `Content-Length: ${length}, 0`),
    record: REFUSED,
  },
  {
    name: "a length with a sign",
    pieces: emptyForTheServer(() => "Content-Length: -0"),
    record: REFUSED,
  },
  {
    name: "a hexadecimal length",
    pieces: emptyForTheServer((length) =>
      `Content-Length: 0x${length.toString(16)}`
    ),
    record: REFUSED,
  },
  {
    name: "a length with a space before its colon",
    pieces: emptyForTheServer(() => "Content-Length : 0"),
    record: REFUSED,
  },
];

/** Getting a request past the proxy that it does not take for one. */
export function smugglingAttacks(): Attack[] {
  return WAYS.map(({ name, pieces, port = 80, record }) =>
    commandAttack({
      name: `smuggling: ${name}`,
      lesson: 40,
      run: (place, token) => {
        const smuggled = `GET /smuggled-${token} HTTP/1.1\r\nHost: ${other}` +
          "\r\n\r\n";
        return client(place, "say", [JSON.stringify(pieces(smuggled))]);
      },
      reaches: (arrivals, token) => requested(arrivals, `/smuggled-${token}`),
      mayArrive: (arrival, token) =>
        isLookUp(arrival, allowed) ||
        (isAtAllowed(arrival, port) &&
          !(arrival.kind === "request" && arrival.text.includes(token))),
      record: [record],
    })
  );
}
