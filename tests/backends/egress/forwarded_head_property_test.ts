import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  forwardedRequest,
  forwardedResponse,
} from "../../../backends/egress/forwarded_head.ts";
import { requestBody } from "../../../backends/egress/message_body.ts";
import {
  MalformedMessage,
  parseRequestHead,
  type RequestHead,
} from "../../../backends/egress/request_head.ts";
import { parseResponseHead } from "../../../backends/egress/response_head.ts";
import { almostHttp, tokens, values } from "./_http.ts";

/** Fields that mean nothing to a proxy. */
const plainHeaders = fc.array(
  fc.tuple(tokens.map((name) => `x-${name}`), values),
  { maxLength: 10 },
);

Deno.test("forwardedRequest passes on the request that it was given", () => {
  const requests = fc.record({
    method: tokens,
    path: fc.stringMatching(/^\/[!-~]{0,20}$/),
    headers: plainHeaders,
    body: fc.constantFrom<[string, string][]>(
      [],
      [["Content-Length", "7"]],
      [["transfer-encoding", "Chunked"]],
    ),
  });
  fc.assert(fc.property(requests, ({ method, path, headers, body }) => {
    const head: RequestHead = {
      method,
      target: `http://example.com${path}`,
      version: "1.1",
      headers: [...body, ["Host", "example.com"], ...headers],
    };
    const again = parseRequestHead(
      forwardedRequest(head, { path, authority: "example.com" }),
    );
    assertEquals(again.method, method);
    assertEquals(again.target, path);
    assertEquals(requestBody(again), requestBody(head));
    assertEquals(
      again.headers.filter(([name]) => name.startsWith("x-")),
      headers,
    );
    assertEquals(again.headers[0], ["Host", "example.com"]);
    assertEquals(again.headers.at(-1), ["Connection", "close"]);
    assertEquals(again.headers.length, headers.length + body.length + 2);
  }));
});

Deno.test("forwardedRequest and forwardedResponse throw nothing but MalformedMessage", () => {
  const to = { path: "/a?b", authority: "example.com:8080" };
  fc.assert(fc.property(almostHttp, (bytes) => {
    const runs = [
      () => parseRequestHead(forwardedRequest(parseRequestHead(bytes), to)),
      () => parseResponseHead(forwardedResponse(parseResponseHead(bytes))),
    ];
    for (const run of runs) {
      try {
        run();
      } catch (error) {
        if (!(error instanceof MalformedMessage)) throw error;
      }
    }
  }));
});
