import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  headEnd,
  MalformedMessage,
  parseRequestHead,
} from "../../../backends/egress/request_head.ts";
import { almostHttp, bytesOf, headOf, isMalformed } from "./_http.ts";

Deno.test("headEnd finds the first empty line, and CRLF alone makes one", () => {
  const cases: [string, number][] = [
    ["", -1],
    ["\r\n\r", -1],
    ["a\r\n\r\n", 5],
    ["a\r\n\r\nb\r\n\r\n", 5],
    ["\r\n\r\n", 4],
    ["\r\r\n\r\n", 5],
    ["\r\n\r\r\n\r\n", 7],
    ["a\n\n", -1],
    ["a\r\n\n", -1],
    ["a\n\r\n", -1],
    ["a\r\r", -1],
    ["a\r\n\0\r\n", -1],
    ["a\r\0\r\n", -1],
  ];
  for (const [text, end] of cases) {
    assertEquals(headEnd(bytesOf(text)), end, JSON.stringify(text));
  }
  assertEquals(headEnd(bytesOf("\r\n\r\n\r\n\r\n"), 1), 6);
  assertEquals(headEnd(bytesOf("\r\n\r\n"), -3), 4);
  assertEquals(headEnd(bytesOf("\r\n\r\n"), 9), -1);
});

Deno.test("headEnd finds the same end when the bytes come in pieces", () => {
  const pieces = fc.array(
    fc.constantFrom("\r", "\n", "\r\n", "a").map(bytesOf),
    { maxLength: 30 },
  );
  fc.assert(fc.property(pieces, (parts) => {
    const all = Uint8Array.from(parts.flatMap((part) => [...part]));
    let length = 0;
    let found = -1;
    for (const part of parts) {
      const from = length - 3;
      length += part.length;
      found = headEnd(all.subarray(0, length), from);
      if (found !== -1) break;
    }
    assertEquals(found, headEnd(all));
  }));
});

Deno.test("headEnd looks at each byte once when it goes on where it was", () => {
  const bytes = new Uint8Array(500_000).fill(13);
  const start = performance.now();
  for (let length = 0; length < bytes.length; length += 500) {
    assertEquals(headEnd(bytes.subarray(0, length), length - 503), -1);
  }
  assert(performance.now() - start < 5000);
});

Deno.test("parseRequestHead reads requests", () => {
  assertEquals(
    parseRequestHead(
      headOf("GET http://a/?b=%20 HTTP/1.1", "Host: a", "X:\ty "),
    ),
    {
      method: "GET",
      target: "http://a/?b=%20",
      version: "1.1",
      headers: [["Host", "a"], ["X", "y"]],
    },
  );
  assertEquals(parseRequestHead(headOf("M-SEARCH * HTTP/1.0")), {
    method: "M-SEARCH",
    target: "*",
    version: "1.0",
    headers: [],
  });
  const method = "m".repeat(32);
  assertEquals(parseRequestHead(headOf(`${method} / HTTP/1.1`)).method, method);
});

const REQUEST_LINES: [string, string][] = [
  ...[
    ...["GET", "GET /", "GET  HTTP/1.1", "/ HTTP/1.1", "GET / HTTP/1.1 "],
    ...["GET  / HTTP/1.1", "GET /  HTTP/1.1", " GET / HTTP/1.1"],
    ...["GET / / HTTP/1.1", "GET\t/ HTTP/1.1", "GET /\tHTTP/1.1"],
    ...["GET /a b HTTP/1.1", "GET / HTTP/1.2", "GET / HTTP/0.9"],
    ...["GET / HTTP/2.0", "GET / HTTP/2", "GET / HTTP/1", "GET / HTTP/1."],
    ...["GET / HTTP/1.10", "GET / HTTP/01.1", "GET / http/1.1"],
    ...["GET / HTTP/1.1x", "GET / HTTP /1.1", "GET / HTTPS/1.1"],
    ...["GET / HTTP/1.1 HTTP/1.1", "PRI * HTTP/2.0", "GET / ICY/1.1"],
    ...["G(T / HTTP/1.1", "G/T / HTTP/1.1", '"GET" / HTTP/1.1'],
    ...["G\xcbT / HTTP/1.1", "GET /\xe4 HTTP/1.1", "GET /\xa0 HTTP/1.1"],
    ...["GET\xa0/ HTTP/1.1", "HTTP/1.1 200 OK", "\x16\x03\x01"],
    "GET:/ HTTP/1.1",
  ].map((line): [string, string] => [
    line,
    line.startsWith("\x16") ? "control" : "The request line is",
  ]),
  [`${"m".repeat(33)} / HTTP/1.1`, "has 33 characters, and 32 are allowed"],
  ["GET / HTTP/1.1\r", "control character"],
  ["GET /\0 HTTP/1.1", "control character"],
  ["GET / HTTP/1.1\nHost: b", "control character"],
];

Deno.test("parseRequestHead refuses a request line that is not quite one", () => {
  for (const [line, why] of REQUEST_LINES) {
    const bytes = headOf(line, "Host: a");
    isMalformed(() => parseRequestHead(bytes), why, JSON.stringify(line));
  }
});

Deno.test("lesson 40: parseRequestHead guesses at nothing that would smuggle a request", () => {
  const fields = [
    "Transfer-Encoding : chunked",
    "Transfer-Encoding\t: chunked",
    " Transfer-Encoding: chunked",
    "\tTransfer-Encoding: chunked",
    "Transfer Encoding: chunked",
    "Transfer-Encoding\x0b: chunked",
    "Transfer-Encoding\0: chunked",
    "Transfer-Encoding: \x0bchunked",
    "Transfer-Encoding: chunked\0",
    "Transfer-Encoding: chunked\x0c",
    "Transfer-Encoding:\n chunked",
    "Transfer-Encoding:\r\n chunked",
    "Transfer-Encoding:\r\n\tchunked",
    "Transfer-Encoding: x\r\n chunked",
    "X: y\nTransfer-Encoding: chunked",
    "X: y\rTransfer-Encoding: chunked",
    "X: y\r\r\nTransfer-Encoding: chunked",
    "X: y\n\nGET /admin HTTP/1.1",
    "X: y\r\n\r\nGET /admin HTTP/1.1",
    ": chunked",
    "Transfer-Encoding",
    "Transfer-Encoding chunked",
    "Host: a\r\n Host: b",
    "(Transfer-Encoding): chunked",
    "Transfer-Encoding\xa0: chunked",
    "\xefTransfer-Encoding: chunked",
  ];
  for (const field of fields) {
    const bytes = headOf(
      "POST / HTTP/1.1",
      "Host: a",
      field,
      "Content-Length: 5",
    );
    isMalformed(() => parseRequestHead(bytes), "", JSON.stringify(field));
    // Not at the beginning of the fields either.
    const first = headOf("POST / HTTP/1.1", field, "Host: a");
    isMalformed(() => parseRequestHead(first), "", JSON.stringify(field));
  }
});

Deno.test("parseRequestHead throws MalformedMessage or returns what was sent", () => {
  fc.assert(fc.property(almostHttp, fc.boolean(), (bytes, ended) => {
    const all = ended
      ? Uint8Array.from([...bytes, ...bytesOf("\r\n\r\n")])
      : bytes;
    try {
      const { method, target, version, headers } = parseRequestHead(all);
      const text = [
        `${method} ${target} HTTP/${version}`,
        ...headers.map(([name, value]) => `${name}:${value}`),
      ].join("\r\n");
      const blanks = /[ \t]*(\r\n|:)[ \t]*/g;
      assertEquals(
        text.replace(blanks, "$1"),
        String.fromCharCode(...all).slice(0, -4).replace(/[ \t]+$/, "")
          .replace(blanks, "$1"),
      );
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
    }
  }));
});
