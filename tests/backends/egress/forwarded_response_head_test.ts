import { assertEquals } from "@std/assert";
import { forwardedResponse } from "../../../backends/egress/forwarded_head.ts";
import { parseResponseHead } from "../../../backends/egress/response_head.ts";
import { headOf, isMalformed, linesOf, responseWith } from "./_http.ts";

Deno.test("forwardedResponse answers in HTTP/1.1, and once", () => {
  const head = parseResponseHead(headOf(
    "HTTP/1.0 404",
    "Content-Length: 5",
    "Connection: keep-alive",
    "Set-Cookie: a",
    "Set-Cookie: b",
  ));
  assertEquals(linesOf(forwardedResponse(head)), [
    "HTTP/1.1 404 ",
    "Content-Length: 5",
    "Set-Cookie: a",
    "Set-Cookie: b",
    "Connection: close",
  ]);
});

Deno.test("forwardedResponse keeps the connection for what follows an interim one", () => {
  const others = { status: 103, reason: "Early Hints" };
  const head = responseWith(["Link: a", "Connection: close"], others);
  const lines = ["HTTP/1.1 103 Early Hints", "Link: a"];
  assertEquals(linesOf(forwardedResponse(head)), lines);
  assertEquals(linesOf(forwardedResponse(head, true)), lines);
  assertEquals(linesOf(forwardedResponse(head, false)), [
    ...lines,
    "Connection: close",
  ]);
});

Deno.test("forwardedResponse changes to no other protocol", () => {
  const head = responseWith(["Upgrade: websocket"], { status: 101 });
  isMalformed(() => forwardedResponse(head), "101");
  isMalformed(() => forwardedResponse(head, true), "101");
});

Deno.test("forwardedResponse tells of a body where there may be one", () => {
  const cases: [number, string, string[]][] = [
    [200, "Transfer-Encoding: CHUNKED", ["Transfer-Encoding: chunked"]],
    [200, "Content-Length: 5", ["Content-Length: 5"]],
    [304, "Content-Length: 5", ["Content-Length: 5"]],
    [304, "Transfer-Encoding: chunked", []],
    [204, "Content-Length: 5", []],
    [204, "Transfer-Encoding: chunked", []],
    [100, "Content-Length: 5", []],
    [100, "Transfer-Encoding: chunked", []],
  ];
  for (const [status, line, kept] of cases) {
    const head = responseWith([line], { status });
    const lines = linesOf(forwardedResponse(head, true)).slice(1);
    assertEquals(lines, kept, `${status} ${line}`);
  }
});
