import { assertEquals, assertThrows } from "@std/assert";
import {
  asMisuse,
  problemOf,
  refusal,
} from "../../../backends/spec/refusal.ts";
import { BackendError } from "../../../backends/mod.ts";

Deno.test("refusal is a BackendError that says what was tried", () => {
  const error = refusal("memory is 0");
  assertEquals([error.code, error.message], [
    "spec_refused",
    "Cannot launch: memory is 0",
  ]);
  assertEquals(refusal("no", "network_refused").code, "network_refused");
});

Deno.test("problemOf says of a refusal what was found, whatever was tried", () => {
  assertEquals(problemOf(refusal("memory is 0")), "memory is 0");
  assertEquals(problemOf(new BackendError("closed", "closed")), "closed");
});

Deno.test("asMisuse turns a refusal into a TypeError, and nothing else", () => {
  assertEquals(asMisuse("tiers", () => 1), 1);
  const problem = refusal("memory is 0");
  const misuse = assertThrows(() =>
    asMisuse("tiers", () => {
      throw problem;
    }), TypeError);
  assertEquals([misuse.message, misuse.cause], ["tiers: memory is 0", problem]);
  const foreign = new BackendError("closed", "closed");
  const kept = assertThrows(() =>
    asMisuse("tiers", () => {
      throw foreign;
    }), TypeError);
  assertEquals(kept.message, "tiers: closed");
  const other = new RangeError("other");
  assertEquals(
    assertThrows(() =>
      asMisuse("tiers", () => {
        throw other;
      })
    ),
    other,
  );
});
