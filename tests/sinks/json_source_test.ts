import { assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import {
  readSource,
  SourceNumber,
  storedText,
} from "../../sinks/_json_source.ts";
import { takePayload } from "../../sinks/_payload.ts";
import { anyPayload, assertCode, RUNS } from "./_samples.ts";

/** The stored and the canonical text of a number, by its spelling. */
const NUMBERS: Readonly<Record<string, readonly [string, string]>> = {
  "1": ["1", "1"],
  "-0": ["0", "0"],
  "1.0": ["1.0", "1.0"],
  "-0.0": ["-0.0", "-0.0"],
  "1e2": ["100.0", "100.0"],
  "1E+2": ["100.0", "100.0"],
  "0.10": ["0.1", "0.1"],
  "1e-5": ["0.00001", "1e-05"],
  "1e16": ["1e+16", "1e+16"],
  "1e-400": ["0.0", "0.0"],
  "1180591620717411303424": [
    "1180591620717411303424",
    "1180591620717411303424",
  ],
  "-9007199254740993": ["-9007199254740993", "-9007199254740993"],
  "9007199254740993.0": ["9007199254740992.0", "9007199254740992.0"],
};

for (const [token, [stored, canonical]] of Object.entries(NUMBERS)) {
  Deno.test(`SourceNumber keeps what ${token} says`, () => {
    const number = new SourceNumber(token);
    assertEquals([number.stored, number.canonical], [stored, canonical]);
  });
}

Deno.test("readSource refuses a number beyond a double", () => {
  for (const token of ["1e309", "-1e400", "1.0e999", `1${"0".repeat(309)}`]) {
    assertStringIncludes(
      assertCode("invalid_event", () => readSource(`[${token}]`)).message,
      token.slice(0, 70),
    );
  }
});

Deno.test("readSource does not refuse what an equal key replaces", () => {
  const deep = "[".repeat(1e5) + '"]"' + "]".repeat(1e5);
  for (const replaced of ["1e309", '"\\ud800"', deep]) {
    const text = `{"a":[${replaced}],"a":1}`;
    assertEquals(storedText(readSource(text)), '{"a":1}');
  }
});

Deno.test("readSource keeps the order of keys that look like integers", () => {
  const text = '{"b":1,"2":{"10":null,"9":[]},"1":{}}';
  assertEquals(storedText(readSource(text)), text);
});

Deno.test("readSource reads space, escapes and literals wherever JSON has them", () => {
  const text = ' \t\r\n{ "\\u0061\\n" : [ true , false,null , "\\"\\\\" ] , ' +
    '"b":{ } ,"c":[ ] } \n';
  assertEquals(
    storedText(readSource(text)),
    '{"a\\n":[true,false,null,"\\"\\\\"],"b":{},"c":[]}',
  );
});

Deno.test("readSource finds the end of strings that end in backslashes", () => {
  for (const value of ["\\", "\\\\", '\\"', '"\\', '\\\\"\\', '"""', ""]) {
    const text = JSON.stringify({ [value]: [value, value] });
    assertEquals(storedText(readSource(text)), text);
  }
});

Deno.test("readSource takes the last of two equal keys, in the place of the first", () => {
  const text = '{"a":1.0,"b":2,"a":3.0,"\\u0061":4.0}';
  assertEquals(storedText(readSource(text)), '{"a":4.0,"b":2}');
});

Deno.test("readSource keeps a key named __proto__", () => {
  const text = '{"__proto__":{"a":1.0},"constructor":2}';
  assertEquals(storedText(readSource(text)), text);
});

Deno.test("readSource refuses a lone surrogate, in values and keys", () => {
  for (const text of ['"\\ud800"', '{"\\udc00":1}', '["a\\ud83dx"]']) {
    assertCode("invalid_event", () => readSource(text));
  }
  assertEquals(readSource('"\\ud83d\\ude00"'), "😀");
});

Deno.test("readSource reads a string of 8 MiB, in time that grows with it alone", () => {
  const text = JSON.stringify('\\"'.repeat(2 ** 20) + "x".repeat(6 * 2 ** 20));
  assertEquals(storedText(readSource(text)).length, text.length);
});

Deno.test("readSource refuses nesting without bound, rather than overflow", () => {
  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  assertCode("invalid_event", () => readSource(`{"payload":${deep}}`));
});

Deno.test("readSource and storedText bring back what JSON.stringify writes", () => {
  fc.assert(
    fc.property(anyPayload, fc.nat(3), (drawn, indent) => {
      const payload = takePayload(drawn);
      const back = storedText(
        readSource(JSON.stringify(payload, null, indent)),
      );
      assertEquals(JSON.parse(back), JSON.parse(JSON.stringify(payload)));
      assertEquals(storedText(readSource(back)), back);
    }),
    RUNS,
  );
});
