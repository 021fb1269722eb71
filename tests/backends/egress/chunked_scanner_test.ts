import { assertEquals } from "@std/assert";
import { ChunkedScanner } from "../../../backends/egress/chunked_scanner.ts";
import { bytesOf, isMalformed } from "./_http.ts";

/** How many bytes belong to a body that comes at once; undefined if it goes on. */
function lengthOf(text: string): number | undefined {
  const scanner = new ChunkedScanner();
  const count = scanner.push(bytesOf(text));
  return scanner.isDone ? count : undefined;
}

const WHOLE = [
  "0\r\n\r\n",
  "5\r\nhello\r\n0\r\n\r\n",
  "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
  "A\r\n0123456789\r\n0\r\n\r\n",
  "a\r\n0123456789\r\n0\r\n\r\n",
  "00000000000a\r\n0123456789\r\n000000000000\r\n\r\n",
  // The data is anything.
  "4\r\n\r\n\r\n\r\n0\r\n\r\n",
  "5\r\n0\r\n\r\n\r\n0\r\n\r\n",
  "3\r\n\0\xff\n\r\n0\r\n\r\n",
  // Extensions.
  "1;a\r\nx\r\n0\r\n\r\n",
  "1;a=b;c=d\r\nx\r\n0;e\r\n\r\n",
  '1;a="b;c\\"d"\r\nx\r\n0\r\n\r\n',
  '1;a="unended\r\nx\r\n0\r\n\r\n',
  "1; a = b\r\nx\r\n0\r\n\r\n",
  "1;\r\nx\r\n0\r\n\r\n",
  "1;\xff\r\nx\r\n0\r\n\r\n",
  `1;${"a".repeat(254)}\r\nx\r\n0\r\n\r\n`,
  `${`1;${"a".repeat(254)}\r\nx\r\n`.repeat(3)}0\r\n\r\n`,
  // Trailers.
  "0\r\nA: b\r\n\r\n",
  "0\r\nA:\r\nc: d\te\r\n\r\n",
  `0\r\na: ${"b".repeat(8192 - 7)}\r\n\r\n`,
];

Deno.test("ChunkedScanner finds the end of a body, whatever follows", () => {
  for (const text of WHOLE) {
    for (const rest of ["", "0", "\r\n", "GET /admin HTTP/1.1\r\n\r\n", text]) {
      assertEquals(lengthOf(text + rest), text.length, JSON.stringify(text));
    }
    // Not a byte too soon.
    assertEquals(lengthOf(text.slice(0, -1)), undefined, JSON.stringify(text));
  }
});

Deno.test("ChunkedScanner takes nothing more once it is done", () => {
  const scanner = new ChunkedScanner();
  assertEquals(scanner.isDone, false);
  assertEquals(scanner.push(bytesOf("")), 0);
  assertEquals(scanner.push(bytesOf("0\r\n\r\nx")), 5);
  assertEquals(scanner.isDone, true);
  assertEquals(scanner.push(bytesOf("0\r\n\r\n")), 0);
  assertEquals(scanner.isDone, true);
});

// What is well-formed, the byte that cannot follow it, and the message.
const BAD: [string, string, string][] = [
  // Sizes.
  ...[" ", "\t", "\r", "\n", ";", "g", "G", "x", "-", "+", "\0", "\x10", "\xb2"]
    .map(
      (byte): [string, string, string] => ["", byte, "in a chunk's size"],
    ),
  ...["x", " ", "\t", ",", "_", "\n", ".", "h", "@", "`", "\0", '"'].map(
    (byte): [string, string, string] => ["5", byte, "in a chunk's size"],
  ),
  ["0", "x", "in a chunk's size"],
  ["000000000000", "5", "more than 12 digits"],
  ["ffffffffffff", "f", "more than 12 digits"],
  ["5\r", "5", "behind the CR of a chunk's size"],
  ["5\r", "\r", "behind the CR of a chunk's size"],
  ["5\r\nhello\r\n", "\r", "in a chunk's size"],
  // Extensions.
  ["5;a", "\n", "in a chunk's extension"],
  ["5;a", "\0", "in a chunk's extension"],
  ["5;", "\t", "in a chunk's extension"],
  ["5;a", "\x7f", "in a chunk's extension"],
  ['5;a="', "\n", "in a chunk's extension"],
  ["5;a\r", "b", "behind the CR of a chunk's size"],
  ['5;a="\r', "\r", "behind the CR of a chunk's size"],
  [`5;${"a".repeat(254)}`, "a", "more than 256 bytes"],
  [`000000000005;${"a".repeat(243)}`, ";", "more than 256 bytes"],
  // Data.
  ["5\r\nhello", "0", "behind a chunk's data"],
  ["5\r\nhello", "\n", "behind a chunk's data"],
  ["5\r\nhello\r", "0", "behind the CR behind a chunk's data"],
  ["5\r\nhello\r", "\r", "behind the CR behind a chunk's data"],
  ["1\r\nx\r\n1\r\nx", "x", "behind a chunk's data"],
  // Trailers.
  ["0\r\n", "\n", "in a trailer"],
  ["0\r\n", "\0", "in a trailer"],
  ["0\r\na: b", "\n", "in a trailer"],
  ["0\r\na: b", "\x7f", "in a trailer"],
  ["0\r\n\r", "\r", "behind the CR of a trailer"],
  ["0\r\n\r", "a", "behind the CR of a trailer"],
  ["0\r\na: b\r", "c", "behind the CR of a trailer"],
  ["0\r\nGET / HTTP\r", "\n", "a name and a colon"],
  ["0\r\na : b\r", "\n", "a name and a colon"],
  ["0\r\n: b\r", "\n", "a name and a colon"],
  ["0\r\na: b\r\n c\r", "\n", "as if it went on"],
  ["0\r\nContent-Length: 5\r", "\n", "must not be a trailer"],
  ["0\r\ntransfer-ENCODING: chunked\r", "\n", "must not be a trailer"],
  ["0\r\ntransfer_encoding: chunked\r", "\n", "must not be a trailer"],
  ["0\r\nHost: b\r", "\n", "must not be a trailer"],
  [`0\r\na: ${"b".repeat(8189)}`, "b", "more than 8192 bytes"],
  [`0\r\n${"a:\r\n".repeat(2048)}`, "\r", "more than 8192 bytes"],
];

Deno.test("lesson 40: ChunkedScanner refuses a body as soon as it is none", () => {
  for (const [good, bad, why] of BAD) {
    const what = JSON.stringify(good + bad).slice(0, 80);
    isMalformed(() => lengthOf(good + bad), why, what);
    // What comes before is not refused.
    assertEquals(lengthOf(good), undefined, what);
    const scanner = new ChunkedScanner();
    for (const byte of bytesOf(good)) {
      assertEquals(scanner.push(Uint8Array.of(byte)), 1, what);
    }
    isMalformed(() => scanner.push(bytesOf(bad)), why, what);
    // And nothing makes up for it.
    for (const more of ["\r", "\n", "0\r\n\r\n"]) {
      isMalformed(() => scanner.push(bytesOf(more)), "went wrong before", what);
    }
    assertEquals(scanner.isDone, false);
  }
});

Deno.test("lesson 40: ChunkedScanner counts the data of chunks of any size", () => {
  const scanner = new ChunkedScanner();
  assertEquals(scanner.push(bytesOf("ffffffffffff\r\n")), 14);
  const piece = new Uint8Array(1024 * 1024);
  for (let i = 0; i < 100; i++) {
    assertEquals(scanner.push(piece), piece.length);
  }
  assertEquals(scanner.isDone, false);
  // 2 ** 32 + 1 is no 1.
  const large = new ChunkedScanner();
  large.push(bytesOf("100000001\r\n"));
  assertEquals(large.push(bytesOf("x\r\n0\r\n\r\n")), 8);
  assertEquals(large.isDone, false);
});
