import { assertEquals } from "@std/assert";
import { RefusedTarget } from "../../../backends/egress/refused_target.ts";

Deno.test("RefusedTarget says what was asked for, as far as it can be told", () => {
  const bare = new RefusedTarget("no", "malformed");
  assertEquals([bare.host, bare.port, bare.reason], [null, null, "malformed"]);
  assertEquals(String(bare), "RefusedTarget: no");
  const full = new RefusedTarget("no", "mismatch", "a", 80);
  assertEquals([full.host, full.port, full.reason], ["a", 80, "mismatch"]);
});

Deno.test("RefusedTarget reports no more of a host than a name may have", () => {
  const { host } = new RefusedTarget("no", "internal", "1".repeat(30_000), 80);
  assertEquals(host, "1".repeat(253));
});
