import { assert, assertEquals, assertFalse } from "@std/assert";
import { SinkError } from "../../sinks/mod.ts";

Deno.test("SinkError carries code, place and cause", () => {
  const cause = new Error("below");
  const error = new SinkError("corrupt_row", "Cannot read row 7", {
    cause,
    seq: 7,
    event_id: "id",
  });
  assert(error instanceof Error);
  assertEquals(error.name, "SinkError");
  assertEquals(error.message, "Cannot read row 7");
  assertEquals(error.code, "corrupt_row");
  assertEquals(error.cause, cause);
  assertEquals([error.seq, error.event_id], [7, "id"]);
});

Deno.test("SinkError has no cause and no place where none is known", () => {
  const error = new SinkError("closed", "The sink is closed");
  assertFalse("cause" in error);
  assertEquals([error.seq, error.event_id], [undefined, undefined]);
});

Deno.test("SinkError keeps a cause that is undefined, as Error does", () => {
  const error = new SinkError("io", "It failed", { cause: undefined });
  assert("cause" in error);
});
