import { assertEquals, assertThrows } from "@std/assert";
import { isOwnAddress } from "../../../backends/egress/own_address.ts";
import { Refused } from "../../../backends/egress/refused.ts";

Deno.test("isOwnAddress tells this machine's addresses from those of others", () => {
  assertEquals(isOwnAddress("127.0.0.1"), true);
  assertEquals(isOwnAddress("192.0.2.77"), false);
  assertEquals(isOwnAddress("2001:db8::77"), false);
});

Deno.test({
  name: "lesson 37: isOwnAddress refuses where it may not look",
  permissions: { net: ["127.0.0.1"] },
  fn: () => {
    const error = assertThrows(() => isOwnAddress("192.0.2.77"), Refused);
    assertEquals(error.reason, "unreachable");
    assertEquals(error.cause instanceof Deno.errors.NotCapable, true);
  },
});
