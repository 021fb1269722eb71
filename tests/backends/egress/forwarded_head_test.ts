import { assertEquals } from "@std/assert";
import {
  forwardedRequest,
  forwardedResponse,
} from "../../../backends/egress/forwarded_head.ts";
import {
  parseRequestHead,
  type RequestHead,
} from "../../../backends/egress/request_head.ts";
import {
  headOf,
  isMalformed,
  linesOf,
  requestWith,
  responseWith,
} from "./_http.ts";

const TO = { path: "/a?b", authority: "example.com:8080" };

Deno.test("forwardedRequest asks the origin, and for one response", () => {
  const head = parseRequestHead(headOf(
    "PUT http://example.com:8080/a?b HTTP/1.1",
    "Accept: */*",
    "HOST: example.com:8080",
    "Content-Length: 5",
    "Expect: 100-continue",
    "accept: again",
    "Authorization: Basic eA==",
  ));
  assertEquals(linesOf(forwardedRequest(head, TO)), [
    "PUT /a?b HTTP/1.1",
    "Host: example.com:8080",
    "Accept: */*",
    "Content-Length: 5",
    "Expect: 100-continue",
    "accept: again",
    "Authorization: Basic eA==",
    "Connection: close",
  ]);
});

Deno.test("forwardedRequest asks for a client of HTTP/1.0 as one", () => {
  const head = parseRequestHead(headOf("GET http://example.com/ HTTP/1.0"));
  assertEquals(linesOf(forwardedRequest(head, TO))[0], "GET /a?b HTTP/1.0");
});

const HOP_BY_HOP = [
  "Connection: keep-alive",
  "Keep-Alive: timeout=5",
  "Proxy-Connection: keep-alive",
  "PROXY-AUTHORIZATION: Basic eA==",
  "Proxy-Authenticate: Basic",
  "TE: trailers",
  "Trailer: X",
  "upgrade: h2c",
  "HTTP2-Settings: AAMAAABk",
  "connection: X-One, x-two ,,\tX-THREE",
  "X-One: 1",
  "x-Two: 2",
  "X-Three: 3",
  "x-three: 3",
  "Connection: close, upgrade",
];

Deno.test("forwardedRequest and forwardedResponse drop what is for one hop", () => {
  const lines = ["A: b", ...HOP_BY_HOP, "X-Four: 4"];
  assertEquals(linesOf(forwardedRequest(requestWith(lines), TO)).slice(2), [
    "A: b",
    "X-Four: 4",
    "Connection: close",
  ]);
  assertEquals(linesOf(forwardedResponse(responseWith(lines))), [
    "HTTP/1.1 200 OK",
    "A: b",
    "X-Four: 4",
    "Connection: close",
  ]);
});

Deno.test("lesson 40: forwardedRequest names one host, which is the target's", () => {
  const head = requestWith(["Host: a", "host: b", "X-Host: c"]);
  assertEquals(linesOf(forwardedRequest(head, TO)), [
    "POST /a?b HTTP/1.1",
    "Host: example.com:8080",
    "X-Host: c",
    "Connection: close",
  ]);
});

Deno.test("lesson 40: forwardedRequest says that a body is chunked as everybody does", () => {
  const head = requestWith(["transfer-ENCODING: Chunked", "A: b"]);
  assertEquals(linesOf(forwardedRequest(head, TO)).slice(2), [
    "A: b",
    "Transfer-Encoding: chunked",
    "Connection: close",
  ]);
});

Deno.test("forwardedRequest and forwardedResponse let Connection take away nothing that frames or routes", () => {
  const names = [
    ...["Host", "content-length", "Transfer-Encoding", "close, HOST"],
    ...["x,\tcontent-Length ,y", "Content-Length\xa0"],
  ];
  for (const name of names) {
    const lines = [`Connection: ${name}`];
    isMalformed(() => forwardedRequest(requestWith(lines), TO), "names", name);
    isMalformed(() => forwardedResponse(responseWith(lines)), "names", name);
    const second = ["Connection: close", ...lines];
    isMalformed(() => forwardedRequest(requestWith(second), TO), "names", name);
  }
});

Deno.test("forwardedRequest and forwardedResponse take no Connection that is no list of names", () => {
  for (
    const value of ["a b", "a;b", '"a"', "a, b c", "a=b", "content-length:"]
  ) {
    const lines = [`Connection: ${value}`];
    isMalformed(() => forwardedRequest(requestWith(lines), TO), "names", value);
    isMalformed(() => forwardedResponse(responseWith(lines)), "names", value);
  }
});

Deno.test("lesson 40: forwardedRequest and forwardedResponse pass on no body whose end is not clear", () => {
  const heads = [
    ["Content-Length: 5", "Transfer-Encoding: chunked"],
    ["Content-Length: 5", "Content-Length: 5"],
    ["Transfer-Encoding: xchunked"],
    ["Transfer-Encoding: chunked, identity"],
    ["Content-Length: +5"],
  ];
  for (const lines of heads) {
    isMalformed(() => forwardedRequest(requestWith(lines), TO), "", lines[0]);
    isMalformed(() => forwardedResponse(responseWith(lines)), "", lines[0]);
  }
});

Deno.test("forwardedRequest writes no line that nobody has read", () => {
  const heads: [Partial<RequestHead>, Partial<typeof TO>][] = [
    [{ method: "GET / HTTP/1.1\r\nX:" }, {}],
    [{ method: "GET /" }, {}],
    [{ method: "" }, {}],
    [{}, { path: "" }],
    [{}, { path: "/ HTTP/1.1\r\nX: y" }],
    [{}, { path: "/a b" }],
    [{}, { path: "/\xe4" }],
    [{}, { authority: "a\r\nX: y" }],
    [{}, { authority: "a " }],
    [{ headers: [["A", "b\r\nHost: c"]] }, {}],
    [{ headers: [["A\r\nHost: c", "b"]] }, {}],
    [{ headers: [["A", "\u{10d}\u{10a}"]] }, {}],
  ];
  for (const [others, to] of heads) {
    isMalformed(
      () => forwardedRequest(requestWith([], others), { ...TO, ...to }),
      "",
      JSON.stringify([others, to]),
    );
  }
});
