import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { MalformedMessage } from "../../../backends/egress/malformed_message.ts";
import { parseResponseHead } from "../../../backends/egress/response_head.ts";
import { almostHttp, bytesOf, headOf, isMalformed } from "./_http.ts";

Deno.test("parseResponseHead reads responses", () => {
  const cases: [string, "1.0" | "1.1", number, string][] = [
    ["HTTP/1.1 200 OK", "1.1", 200, "OK"],
    ["HTTP/1.0 404 Not  Found\t!", "1.0", 404, "Not  Found\t!"],
    ["HTTP/1.1 200 ", "1.1", 200, ""],
    ["HTTP/1.1 200", "1.1", 200, ""],
    ["HTTP/1.1 200  ", "1.1", 200, " "],
    ["HTTP/1.1 100 Continue", "1.1", 100, "Continue"],
    ["HTTP/1.1 599 \xfc", "1.1", 599, "\xfc"],
  ];
  for (const [line, version, status, reason] of cases) {
    assertEquals(
      parseResponseHead(headOf(line, "A: b")),
      { version, status, reason, headers: [["A", "b"]] },
      line,
    );
  }
});

Deno.test("parseResponseHead refuses a status line that is not quite one", () => {
  const lines = [
    ...["HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK"],
    ...["HTTP/1.1 099 OK", "HTTP/1.1 000 OK", "HTTP/1.1 600 OK"],
    ...["HTTP/1.1 999", "HTTP/1.1 +20 OK", "HTTP/1.1 -20", "HTTP/1.1 2.0"],
    ...["HTTP/1.1 0x2", "HTTP/1.1  200 OK", "HTTP/1.1\t200 OK"],
    ...["HTTP/1.1 200\tOK", " HTTP/1.1 200", "HTTP/1.2 200 OK", "HTTP/2 200"],
    ...["HTTP/2.0 200 OK", "HTTP/0.9 200 OK", "http/1.1 200 OK", "ICY 200 OK"],
    ...["200 OK", "HTTP/1.1 200OK", "<html>", "HTTP/1.1 200 \0"],
    ...["HTTP/1.1 200 OK\r", "HTTP/1.1 200 O\nK", "SSH-2.0-x"],
    ...["HTTP/1.1 ２００ OK", "GET / HTTP/1.1", "HTTP/1.1 200\x7f"],
  ];
  for (const line of lines) {
    isMalformed(
      () => parseResponseHead(headOf(line)),
      "",
      JSON.stringify(line),
    );
  }
});

Deno.test("parseResponseHead is as strict about fields as parseRequestHead", () => {
  const fields = [
    ...["A : b", " a: b", ": b", "a", "a: b\0", "a: b\nc: d", "a: b\r"],
    ...["a: b\r\n c", "a: b\r\n\r\nc: d"],
  ];
  for (const field of fields) {
    const bytes = headOf("HTTP/1.1 200 OK", field);
    isMalformed(() => parseResponseHead(bytes), "", JSON.stringify(field));
  }
});

Deno.test("parseResponseHead throws nothing but MalformedMessage", () => {
  fc.assert(fc.property(almostHttp, fc.boolean(), (bytes, ended) => {
    const all = ended
      ? Uint8Array.from([...bytes, ...bytesOf("\r\n\r\n")])
      : bytes;
    try {
      const { status } = parseResponseHead(all);
      assertEquals(status >= 100 && status <= 599, true);
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
    }
  }));
});
