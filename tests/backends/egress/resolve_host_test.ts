import { assert } from "@std/assert";
import { isIP } from "node:net";
import { resolveHost } from "../../../backends/egress/resolve_host.ts";

Deno.test("resolveHost asks the host's own files, and gives addresses", async () => {
  const found = await resolveHost("localhost");
  assert(found.length > 0);
  assert(found.every((address) => isIP(address) !== 0), found.join());
});
