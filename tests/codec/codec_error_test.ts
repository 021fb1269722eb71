import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { CodecError } from "../../codec/mod.ts";

Deno.test("CodecError carries its code, row, key id and cause", () => {
  const cause = new Error("beneath");
  const error = new CodecError("unknown_key", "Cannot", {
    event_id: "e",
    keyId: "k",
    cause,
  });
  assertInstanceOf(error, Error);
  assertEquals(error.name, "CodecError");
  assertEquals(error.code, "unknown_key");
  assertEquals(error.message, "Cannot");
  assertEquals(error.event_id, "e");
  assertEquals(error.keyId, "k");
  assert(error.cause === cause);
});

Deno.test("CodecError has neither row, key id nor cause unless given", () => {
  const error = new CodecError("truncated", "Cannot");
  assertEquals(error.event_id, undefined);
  assertEquals(error.keyId, undefined);
  assert(!("cause" in error));
});
