import { assert, assertEquals } from "@std/assert";
import {
  headBytes,
  HEADERS_MAX,
  latin1,
  readHeader,
  readHeadLines,
  valuesOf,
} from "../../../backends/egress/head_lines.ts";
import { bytesOf, headOf, isMalformed, textOf } from "./_http.ts";

Deno.test("latin1 turns each byte into its character, however many there are", () => {
  const bytes = Uint8Array.from({ length: 20_000 }, (_, i) => i % 256);
  assertEquals(latin1(bytes), textOf(bytes));
  assertEquals(latin1(new Uint8Array(0)), "");
});

Deno.test("readHeadLines takes a head apart", () => {
  assertEquals(readHeadLines(headOf("first", "A: 1", "b:2", "A:")), {
    first: "first",
    headers: [["A", "1"], ["b", "2"], ["A", ""]],
  });
  assertEquals(readHeadLines(headOf("first")).headers, []);
});

Deno.test("readHeadLines wants one empty line, at the end", () => {
  const heads = [
    "",
    "\r\n",
    "a\r\n",
    "a\r\n\r\nb",
    "a\n\n",
    "a\r\n\n",
    "a\n\r\n",
  ];
  for (const text of heads) {
    isMalformed(() => readHeadLines(bytesOf(text)), "does not end", text);
  }
  for (const text of ["\r\n\r\n", "\r\na\r\n\r\n", "a\r\n\r\nb:\r\n\r\n"]) {
    isMalformed(() => readHeadLines(bytesOf(text)), "an empty line", text);
  }
});

Deno.test("readHeadLines takes no line that ends in anything but CRLF", () => {
  for (const end of ["\n", "\r", "\r\r\n", "\n\r\n", "\n\n", "\0\r\n"]) {
    for (
      const lines of [`f${end}a: b`, `f\r\na: b${end}c: d`, `f\r\na: b${end}`]
    ) {
      const bytes = bytesOf(`${lines}\r\n\r\n`);
      const why = end === "\r" && lines.endsWith("\r") ? "control" : "";
      isMalformed(() => readHeadLines(bytes), why, JSON.stringify(lines));
    }
  }
});

Deno.test("readHeadLines takes no more fields than it may", () => {
  const lines = Array.from({ length: HEADERS_MAX }, (_, i) => `a: ${i}`);
  assertEquals(
    readHeadLines(headOf("f", ...lines)).headers.length,
    HEADERS_MAX,
  );
  isMalformed(
    () => readHeadLines(headOf("f", ...lines, "a: b")),
    "201 fields, and 200 are allowed",
  );
});

Deno.test("readHeader takes the blanks around a value away, and none within", () => {
  const cases: [string, string, string][] = [
    ["Host: a", "Host", "a"],
    ["host:a", "host", "a"],
    ["A: \t b \t c\t ", "A", "b \t c"],
    ["A:", "A", ""],
    ["A: \t ", "A", ""],
    ["A: b:c: d", "A", "b:c: d"],
    ["!#$%&'*+-.^_`|~0aZ: x", "!#$%&'*+-.^_`|~0aZ", "x"],
    ["A: \x80\xa0\xff", "A", "\x80\xa0\xff"],
  ];
  for (const [line, ...header] of cases) {
    assertEquals(readHeader(line), header, line);
  }
});

Deno.test("readHeader refuses what is no field", () => {
  const noName = "does not begin with a name and a colon";
  const cases: [string, string][] = [
    ["", "an empty line"],
    ["A", noName],
    [": b", noName],
    [":", noName],
    ["A : b", noName],
    ["A\t: b", noName],
    ["A b: c", noName],
    ['"A": b', noName],
    ["A(c): d", noName],
    ["A/b: c", noName],
    ["\xe4: b", noName],
    ["A\xa0: b", noName],
    [" A: b", "as if it went on"],
    ["\tA: b", "as if it went on"],
    [" ", "as if it went on"],
    ...[0, 1, 8, 10, 11, 12, 13, 14, 27, 31, 127].flatMap((code) => {
      const control = String.fromCharCode(code);
      const lines = [`A: b${control}c`, `A${control}: b`, `A:${control}`];
      return [...lines, `${control}A: b`].map((line) =>
        [line, "control character"] as [string, string]
      );
    }),
  ];
  for (const [line, why] of cases) {
    isMalformed(() => readHeader(line), why, JSON.stringify(line));
  }
});

Deno.test("readHeader takes no longer for blanks than for anything else", () => {
  const line = `A: b${" ".repeat(1_000_000)}c`;
  const start = performance.now();
  assertEquals(readHeader(line)[1].length, 1_000_002);
  // Backtracking over them would take minutes.
  assert(performance.now() - start < 5000);
});

Deno.test("valuesOf finds fields in any case, in order", () => {
  const headers = [["A", "1"], ["b", "2"], ["a", "3"]] as const;
  assertEquals(valuesOf(headers, "a"), ["1", "3"]);
  assertEquals(valuesOf(headers, "c"), []);
});

Deno.test("headBytes writes what readHeadLines reads", () => {
  const headers = [["A", "1 2"], ["b", ""], ["c", "\xff\t:"]] as const;
  const bytes = headBytes("first line", headers);
  assertEquals(
    textOf(bytes),
    "first line\r\nA: 1 2\r\nb: \r\nc: \xff\t:\r\n\r\n",
  );
  assertEquals(readHeadLines(bytes), {
    first: "first line",
    headers: headers.map((header) => [...header] as const),
  });
});

Deno.test("headBytes lets nothing begin a line of its own", () => {
  const firsts = ["", "a\r\nb: c", "a\nb", "a\0", "\u{10a}", "\u{1f600}"];
  for (const first of firsts) {
    isMalformed(() => headBytes(first, []), "", JSON.stringify(first));
  }
  const headers: [string, string][] = [
    ...[["a", "b\r\nc: d"], ["a", "b\n"], ["a", "\r"], ["a", "\0"]],
    ...[["a\r\nb", "c"], ["a: b", "c"], ["a ", "b"], ["", "a"], [" a", "b"]],
    ...[["a", " b"], ["a", "b\t"], ["a", "\u{10d}\u{10a}"], ["\u{10d}", "a"]],
  ] as [string, string][];
  for (const header of headers) {
    isMalformed(() => headBytes("first", [header]), "", JSON.stringify(header));
  }
});
