import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import {
  canonicalFloat,
  canonicalNumber,
  storedFloat,
} from "../../sinks/_numbers.ts";
import { anyNumber, RUNS } from "./_samples.ts";

// What Python's repr says, and what the predecessor's writer stores.
const FLOATS: ReadonlyArray<
  readonly [value: number, canonical: string, stored: string]
> = [
  [0, "0.0", "0.0"],
  [-0, "-0.0", "-0.0"],
  [1, "1.0", "1.0"],
  [-1.5, "-1.5", "-1.5"],
  [0.1, "0.1", "0.1"],
  [1e-3, "0.001", "0.001"],
  [1e-4, "0.0001", "0.0001"],
  [1.5e-4, "0.00015", "0.00015"],
  [1e-5, "1e-05", "0.00001"],
  [1e-6, "1e-06", "1e-6"],
  [1.25e-7, "1.25e-07", "1.25e-7"],
  [1e-10, "1e-10", "1e-10"],
  [5e-324, "5e-324", "5e-324"],
  [123456789.125, "123456789.125", "123456789.125"],
  [1e15, "1000000000000000.0", "1000000000000000.0"],
  [1.5e15, "1500000000000000.0", "1500000000000000.0"],
  [1e16, "1e+16", "1e+16"],
  [1.5e16, "1.5e+16", "1.5e+16"],
  [1e21, "1e+21", "1e+21"],
  [1e22, "1e+22", "1e+22"],
  [-1e100, "-1e+100", "-1e+100"],
  [
    1.7976931348623157e308,
    "1.7976931348623157e+308",
    "1.7976931348623157e+308",
  ],
  [9007199254740993.0, "9007199254740992.0", "9007199254740992.0"],
];

for (const [value, canonical, stored] of FLOATS) {
  const shown = Object.is(value, -0) ? "-0" : String(value);
  Deno.test(`canonicalFloat and storedFloat spell the float ${shown}`, () => {
    assertEquals(canonicalFloat(value), canonical);
    assertEquals(storedFloat(value), stored);
  });
}

Deno.test("canonicalNumber takes a number for an integer when JSON writes one", () => {
  assertEquals(canonicalNumber(1), "1");
  assertEquals(canonicalNumber(-0), "0");
  assertEquals(canonicalNumber(2 ** 53), "9007199254740992");
  assertEquals(canonicalNumber(1e20), "100000000000000000000");
  assertEquals(canonicalNumber(1e21), "1e+21");
  assertEquals(canonicalNumber(1.5), "1.5");
  assertEquals(canonicalNumber(1e-7), "1e-07");
  assertEquals(canonicalNumber(1e-5), "1e-05");
});

Deno.test("canonicalFloat and storedFloat round-trip every double, to the bit", () => {
  fc.assert(
    fc.property(anyNumber, (value) => {
      for (const spell of [canonicalFloat, storedFloat]) {
        const text = spell(value);
        assert(Object.is(Number(text), value), `${value} became ${text}`);
        assertMatch(text, /[.e]/, "it must not look like an integer");
        JSON.parse(text);
      }
    }),
    RUNS,
  );
});

Deno.test("canonicalFloat signs its exponent and gives it two digits at least", () => {
  fc.assert(
    fc.property(anyNumber, (value) => {
      const exponent = /e(.*)$/.exec(canonicalFloat(value))?.[1];
      if (exponent !== undefined) assertMatch(exponent, /^[+-]\d{2,3}$/);
    }),
    RUNS,
  );
});
