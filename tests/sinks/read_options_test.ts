import { assertEquals, assertThrows } from "@std/assert";
import {
  BATCH_SIZE_DEFAULT,
  BATCH_SIZE_MAX,
  countOption,
  queryOptions,
  streamOptions,
} from "../../sinks/_read_options.ts";

const NO_COUNTS = [-1, 0.5, NaN, Infinity, 2 ** 53, "1" as unknown as number];

Deno.test("queryOptions fills in no limit from the start", () => {
  assertEquals(queryOptions(), { limit: Infinity, afterSeq: 0 });
  assertEquals(queryOptions({ limit: 0, afterSeq: 7 }), {
    limit: 0,
    afterSeq: 7,
  });
});

Deno.test("streamOptions fills in a batch size and no following", () => {
  assertEquals(streamOptions(), {
    batchSize: BATCH_SIZE_DEFAULT,
    afterSeq: 0,
    follow: false,
    signal: undefined,
  });
  const { signal } = new AbortController();
  const given = { batchSize: 1, afterSeq: 2, follow: true, signal };
  assertEquals(streamOptions(given), given);
});

Deno.test("lesson 12: options refuse what counts nothing, and name themselves", () => {
  for (const value of NO_COUNTS) {
    assertThrows(() => queryOptions({ limit: value }), RangeError, "limit");
    assertThrows(
      () => queryOptions({ afterSeq: value }),
      RangeError,
      "afterSeq",
    );
    assertThrows(
      () => streamOptions({ batchSize: value }),
      RangeError,
      "batchSize",
    );
  }
  for (const batchSize of [0, BATCH_SIZE_MAX + 1]) {
    assertThrows(() => streamOptions({ batchSize }), RangeError, "batchSize");
  }
});

Deno.test("countOption takes its bounds, and its default for undefined", () => {
  const bounds = { min: 2, max: 4, default: 3 };
  assertEquals(countOption("size", undefined, bounds), 3);
  assertEquals(countOption("size", 2, bounds), 2);
  assertEquals(countOption("size", 4, bounds), 4);
  for (const value of [1, 5]) {
    assertThrows(() => countOption("size", value, bounds), RangeError, "size");
  }
});
