// Requests as a hostile client may send them: well-formed but odd, with a body
// that looks like another request, and then with some bytes changed.
import fc from "fast-check";
import { bytesOf, tokens, values } from "../backends/egress/_http.ts";

const method = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      ...[
        "GET",
        "POST",
        "PUT",
        "HEAD",
        "OPTIONS",
        "DELETE",
        "PATCH",
        "CONNECT",
      ],
      ...["TRACE", "PROPFIND", "M-SEARCH", "QUERY", "PURGE", "SOURCE", "PRI"],
    ),
  },
  { weight: 1, arbitrary: fc.oneof(fc.constantFrom("get", "Post"), tokens) },
);

const path = fc.stringMatching(/^\/[!-"$-[\]-~]{0,12}$/);
const target = fc.oneof(
  { weight: 6, arbitrary: path.map((path) => `http://a.example${path}`) },
  fc.constantFrom(
    ...["http://a.example", "http://a.example?q", "HTTP://A.example:80/", "*"],
    ...["a.example:443", "/", "http://a.example:8080/x", "http://[::1]/", "a"],
    ...["http://u@a.example/", "https://a.example/", "//a.example/", "http:/a"],
  ),
);

const field = fc.oneof(
  fc.tuple(tokens, values),
  fc.constantFrom<[string, string]>(
    ["Connection", "close"],
    ["Connection", "keep-alive, x-a"],
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Expect", "100-continue"],
    ["TE", "trailers"],
    ["Proxy-Connection", "keep-alive"],
    ["Host", "b.example"],
    ["X-Empty", ""],
    ["Content-Length", "3"],
    ["Content-Length", "+3"],
    ["Content-Length", "3, 3"],
    ["Content_Length", "3"],
    ["Transfer-Encoding", "chunked"],
    ["Transfer-Encoding", "identity"],
    ["Transfer-Encoding", "gzip, chunked"],
    ["Transfer_Encoding", "chunked"],
    ["Trailer", "x-a"],
  ),
);

/** What looks like a request of its own, if a reader takes it for one. */
const SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: evil\r\n\r\n";

const data = fc.oneof(
  fc.constant(""),
  fc.constant(SMUGGLED),
  fc.constant(`0\r\n\r\n${SMUGGLED}`),
  fc.uint8Array({ maxLength: 20 }).map((bytes) =>
    String.fromCharCode(...bytes)
  ),
);

const chunk = fc.tuple(
  data,
  fc.constantFrom("", "", "", ";a", ';a="b c"', ";a=b;c", " ", ";", "; a"),
  fc.constantFrom("", "0", "00", "0x", "+"),
  fc.boolean(),
).map(([data, extension, lead, isUpper]) => {
  if (data === "") return "";
  const hex = data.length.toString(16);
  const size = lead + (isUpper ? hex.toUpperCase() : hex);
  return `${size}${extension}\r\n${data}\r\n`;
});
const chunked = fc.tuple(
  fc.array(chunk, { maxLength: 3 }),
  fc.constantFrom("0", "0", "00", "0;a", "-0", ""),
  fc.array(
    fc.oneof(
      tokens.map((name) => `${name}: x\r\n`),
      fc.constantFrom("Content-Length: 5\r\n", " folded\r\n", "X-T:\r\n"),
    ),
    { maxLength: 2 },
  ),
).map(([chunks, last, trailers]) =>
  `${chunks.join("")}${last}\r\n${trailers.join("")}\r\n`
);

/** The fields that frame a body, and the body. */
const framed = fc.oneof(
  fc.constant<[string, string][]>([]).map((fields) => ({ fields, body: "" })),
  data.chain((body) =>
    fc.constantFrom("", "0", " ").map((lead) => ({
      fields: [["Content-Length", lead + body.length]] as [string, string][],
      body,
    }))
  ),
  chunked.chain((body) =>
    fc.constantFrom("chunked", "Chunked", "chunked ", "chunked,").map((
      coding,
    ) => ({
      fields: [["Transfer-Encoding", coding]] as [string, string][],
      body,
    }))
  ),
);

const whole = fc.record({
  method,
  target,
  version: fc.constantFrom("1.1", "1.1", "1.1", "1.1", "1.0", "1.2", "2.0"),
  host: fc.constantFrom("a.example", "a.example", "A.example:80", ""),
  fields: fc.array(field, { maxLength: 4 }),
  framed,
  place: fc.nat({ max: 5 }),
  blank: fc.constantFrom(" ", " ", "", "\t", "  "),
}).map(({ method, target, version, host, fields, framed, place, blank }) => {
  const all: [string, string][] = [...fields];
  all.splice(place, 0, ...framed.fields);
  if (host !== "") all.splice(place & 1, 0, ["Host", host]);
  const lines = all.map(([name, value]) => `${name}:${blank}${value}\r\n`);
  return `${method} ${target} HTTP/${version}\r\n${lines.join("")}\r\n` +
    framed.body;
});

const ODD = [
  ...[
    "\r",
    "\n",
    "\r\n",
    "\0",
    " ",
    "\t",
    ":",
    ";",
    ",",
    "\x7f",
    "\x80",
    "\xff",
  ],
  ...[
    "\v",
    "\f",
    "\x85",
    "\xa0",
    "0",
    "a",
    "\r\n\r\n",
    "\r\n ",
    '"',
    "\\",
    "#",
  ],
];
const change = fc.tuple(
  fc.nat({ max: 300 }),
  fc.nat({ max: 2 }),
  fc.oneof(fc.constantFrom(...ODD), fc.constant("")),
);

/** The bytes of a request, and sometimes of what nearly is one. */
export const requestBytes: fc.Arbitrary<Uint8Array> = fc.tuple(
  whole,
  fc.oneof(fc.constant([]), fc.array(change, { maxLength: 2 })),
).map(([text, changes]) => {
  for (const [at, drop, insert] of changes) {
    const place = at % (text.length + 1);
    text = text.slice(0, place) + insert + text.slice(place + drop);
  }
  return bytesOf(text);
});
