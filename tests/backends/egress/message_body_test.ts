import { assertEquals } from "@std/assert";
import {
  type BodyFraming,
  requestBody,
  responseBody,
} from "../../../backends/egress/message_body.ts";
import { headOf, isMalformed, requestWith, responseWith } from "./_http.ts";
import { parseRequestHead } from "../../../backends/egress/request_head.ts";

const GOOD: [string[], BodyFraming | undefined][] = [
  [[], undefined],
  [["Content-Length: 0"], { kind: "length", length: 0 }],
  [["content-length: 5"], { kind: "length", length: 5 }],
  [["Content-Length: 999999999999999"], {
    kind: "length",
    length: 999_999_999_999_999,
  }],
  [["Transfer-Encoding: chunked"], { kind: "chunked" }],
  [["tRANSFER-eNCODING: Chunked"], { kind: "chunked" }],
  // Neither names a body.
  [["Content-Encoding: gzip", "TE: chunked", "X-Length: 5"], undefined],
];

Deno.test("requestBody and responseBody find how a body ends", () => {
  for (const [lines, framing] of GOOD) {
    const what = lines.join();
    assertEquals(
      requestBody(requestWith(lines)),
      framing ?? { kind: "none" },
      what,
    );
    assertEquals(
      responseBody(responseWith(lines), "GET"),
      framing ?? { kind: "close" },
      what,
    );
  }
});

const CODINGS = [
  ...["", "xchunked", "chunkedx", "chunke", "identity", "gzip", "deflate"],
  ...["chunked, identity", "identity, chunked", "gzip, chunked"],
  ...["chunked, gzip", "chunked, chunked", "chunked,", ",chunked", "chunked;"],
  ...["chunked; q=1", "chunk ed", '"chunked"', "'chunked'", "chunked chunked"],
  ...["x chunked", "chunked\xa0", "\xa0chunked", "\x85chunked", "c\xe7hunked"],
  ...["chunked2", "\u212achunked", "chun\u212aed", "trailers", "chunked:"],
  ...["=chunked", "0"],
];
const LENGTHS = [
  ...["", "+5", "-5", "-0", "0x5", "5 5", "5\t5", "5, 5", "5,5", "5,", ",5"],
  ...["5.0", "5e0", "5;", "05", "00", "0_5", "1_000", "five", "5x", "x5"],
  ...["\xb2", "5\xa0", "1000000000000000", "9007199254740993"],
  ...["18446744073709551621", "9".repeat(1000), "Infinity", "NaN", "0b1"],
  ...["0o5", "\u0665", "5, 6", '"5"'],
];

const BAD: [string[], string][] = [
  ...CODINGS.map((coding): [string[], string] => [
    [`Transfer-Encoding: ${coding}`],
    "only chunked, once, is understood",
  ]),
  ...LENGTHS.map((length): [string[], string] => [
    [`Content-Length: ${length}`],
    "one decimal number of up to 15 digits",
  ]),
  [["Content-Length: 5", "Content-Length: 5"], '"5" and "5"'],
  [["Content-Length: 5", "content-length: 6"], '"5" and "6"'],
  [["Content-Length: 0", "Content-Length: "], "one decimal number"],
  [["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], "once"],
  [["Transfer-Encoding: chunked", "transfer-encoding: identity"], "once"],
  [["Transfer-Encoding: identity", "Transfer-Encoding: chunked"], "once"],
  [["Transfer-Encoding: ", "Transfer-Encoding: chunked"], "once"],
  [
    Array.from({ length: 200 }, () => `Content-Length: ${"9".repeat(99)}`),
    "one",
  ],
];

Deno.test("lesson 40: requestBody and responseBody refuse whatever is ambiguous", () => {
  for (const [lines, why] of BAD) {
    const what = lines.slice(0, 3).join();
    isMalformed(() => requestBody(requestWith(lines)), why, what);
    isMalformed(() => responseBody(responseWith(lines), "GET"), why, what);
    // Nor is it better where there is no body to frame.
    isMalformed(() => responseBody(responseWith(lines), "HEAD"), why, what);
  }
});

Deno.test("lesson 40: requestBody refuses CL.TE and TE.CL, in any order and spelling", () => {
  const pairs = [
    ["Content-Length: 5", "Transfer-Encoding: chunked"],
    ["Transfer-Encoding: chunked", "Content-Length: 5"],
    ["transfer-encoding: CHUNKED", "CONTENT-LENGTH: 0"],
    ["Transfer-Encoding: identity", "Content-Length: 5"],
    ["Transfer-Encoding: ", "Content-Length: 5"],
    ["Content-Length: ", "Transfer-Encoding: chunked"],
    ["Content-Length: 5", "X: y", "Transfer-Encoding: x", "Content-Length: 5"],
  ];
  for (const lines of pairs) {
    // As they come, too, not only as a test makes them.
    const head = parseRequestHead(headOf("POST / HTTP/1.1", ...lines));
    isMalformed(() => requestBody(head), "both", lines.join());
    isMalformed(() => requestBody(requestWith(lines)), "both", lines.join());
    isMalformed(() => responseBody(responseWith(lines), "GET"), "both");
  }
});

Deno.test("requestBody refuses fields that CGI takes for those that frame a body", () => {
  for (const name of ["Content_Length", "transfer_encoding"]) {
    const head = requestWith([`${name}: 5`]);
    isMalformed(() => requestBody(head), name);
  }
});

Deno.test("requestBody and responseBody know no transfer coding in HTTP/1.0", () => {
  const lines = ["Transfer-Encoding: chunked"];
  const others = { version: "1.0" } as const;
  isMalformed(() => requestBody(requestWith(lines, others)), "HTTP/1.0");
  isMalformed(
    () => responseBody(responseWith(lines, others), "GET"),
    "HTTP/1.0",
  );
  const head = requestWith(["Content-Length: 5"], others);
  assertEquals(requestBody(head), { kind: "length", length: 5 });
});

Deno.test("responseBody finds none where there is none, whatever fields say", () => {
  const cases: [number, string][] = [
    [100, "GET"],
    [101, "GET"],
    [103, "POST"],
    [199, "GET"],
    [204, "GET"],
    [304, "GET"],
    [200, "HEAD"],
    [404, "HEAD"],
    [200, "CONNECT"],
    [299, "CONNECT"],
  ];
  for (const [status, method] of cases) {
    for (
      const lines of [[], ["Content-Length: 5"], ["Transfer-Encoding: chunked"]]
    ) {
      assertEquals(
        responseBody(responseWith(lines, { status }), method),
        { kind: "none" },
        `${status} ${method} ${lines}`,
      );
    }
  }
});

Deno.test("responseBody reads to the end where nothing says how long it is", () => {
  const cases: [number, string][] = [
    [200, "GET"],
    [200, "head"],
    [205, "GET"],
    [300, "CONNECT"],
    [403, "CONNECT"],
    [599, "POST"],
  ];
  for (const [status, method] of cases) {
    const head = responseWith([], { status });
    assertEquals(responseBody(head, method), { kind: "close" });
  }
});
