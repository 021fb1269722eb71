import { assert, assertThrows } from "@std/assert";
import fc from "fast-check";
import { MalformedMessage } from "../../../backends/egress/malformed_message.ts";
import type { RequestHead } from "../../../backends/egress/request_head.ts";
import type { ResponseHead } from "../../../backends/egress/response_head.ts";

/** Text as bytes, a character a byte. */
export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Bytes as text, a character a byte. */
export function textOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

/** The lines of a head that is forwarded. */
export function linesOf(bytes: Uint8Array): string[] {
  const text = textOf(bytes);
  assert(text.endsWith("\r\n\r\n"));
  return text.slice(0, -4).split("\r\n");
}

/** Lines as a head. */
export function headOf(...lines: string[]): Uint8Array {
  return bytesOf(lines.map((line) => `${line}\r\n`).join("") + "\r\n");
}

/** Fields, each as `name: value`, which nobody has checked. */
function fieldsOf(lines: readonly string[]): [string, string][] {
  return lines.map((line) => {
    const colon = line.indexOf(": ");
    return [line.slice(0, colon), line.slice(colon + 2)];
  });
}

/** A request with these fields. */
export function requestWith(
  lines: readonly string[],
  others: Partial<RequestHead> = {},
): RequestHead {
  return {
    method: "POST",
    target: "http://example.com/",
    version: "1.1",
    headers: fieldsOf(lines),
    ...others,
  };
}

/** A response with these fields. */
export function responseWith(
  lines: readonly string[],
  others: Partial<ResponseHead> = {},
): ResponseHead {
  return {
    version: "1.1",
    status: 200,
    reason: "OK",
    headers: fieldsOf(lines),
    ...others,
  };
}

/** Asserts that something is malformed, and that the message can be shown. */
export function isMalformed(
  check: () => unknown,
  words: string,
  what?: string,
): void {
  const { message } = assertThrows(check, MalformedMessage, words, what);
  assert(/^[ -~]{1,400}$/.test(message), JSON.stringify(message));
}

const TOKEN_CHARACTERS = [
  ..."!#$%&'*+-.^_`|~0123456789",
  ..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
];

/** Any token. */
export const tokens: fc.Arbitrary<string> = fc.string({
  unit: fc.constantFrom(...TOKEN_CHARACTERS),
  minLength: 1,
  maxLength: 20,
});

/** Any value of a field. */
export const values: fc.Arbitrary<string> = fc.string({
  unit: fc.integer({ min: 0, max: 0xff }).map((code) =>
    String.fromCharCode(code)
  ),
  maxLength: 40,
  // deno-lint-ignore no-control-regex
}).map((text) => text.replace(/[\0-\x08\n-\x1f\x7f]/g, "").trim());

/**
 * Bytes that are more often than not almost a message: pieces of heads and bodies
 * in any order, or anything.
 */
export const almostHttp: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.array(
    fc.oneof(
      fc.constantFrom(
        ...["\r\n", "\n", "\r", "\r\n\r\n", " ", "\t", ":", ",", ";", "0", "5"],
        ...["GET", "POST", "CONNECT", " / ", " http://a/ ", "HTTP/1.1"],
        ...["HTTP/1.0 ", "200 ", "OK", "Host: ", "a", "a.b", "[::1]", ":80"],
        ...["Content-Length: ", "Transfer-Encoding: ", "chunked", "Connection"],
      ),
      tokens,
    ),
    { maxLength: 20 },
  ).map((parts) => bytesOf(parts.join(""))),
  // A head that is well-formed but for what fields say.
  fc.tuple(
    fc.constantFrom(
      "GET http://a/ HTTP/1.1",
      "CONNECT a:1 HTTP/1.1",
      "HTTP/1.1 200 x",
    ),
    fc.array(
      fc.tuple(
        fc.oneof(
          fc.constantFrom("Host", "Content-Length", "Transfer-Encoding"),
          fc.constantFrom("Connection", "TE"),
          tokens,
        ),
        fc.oneof(fc.constantFrom("a", "a:1", "5", "chunked", "te, x"), values),
      ).map(([name, value]) => `${name}: ${value}`),
      { maxLength: 5 },
    ),
  ).map(([first, lines]) => headOf(first, ...lines)),
);

/** Any text. */
export const texts: fc.Arbitrary<string> = fc.string({
  unit: fc.oneof(
    fc.integer({ max: 0x17f, min: 0 }),
    fc.integer({ max: 0xffff, min: 0 }),
  ).map((code) => String.fromCharCode(code)),
  maxLength: 100,
});
