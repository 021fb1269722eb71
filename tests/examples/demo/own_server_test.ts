import { assertEquals, assertRejects } from "@std/assert";
import { resolveOwn, serveOwn } from "../../../examples/demo/own_server.ts";

Deno.test("serveOwn answers on loopback, and remembers what it was asked for", async () => {
  const server = serveOwn();
  const [host, port] = server.authority.split(":");
  assertEquals(host, "api.example.com");
  const url = `http://127.0.0.1:${port}/menu`;
  const response = await fetch(url, { headers: { connection: "close" } });
  assertEquals(await response.json(), { flat_white: 2.8 });
  assertEquals(server.asked, ["/menu"]);
  await server[Symbol.asyncDispose]();
  await assertRejects(() => fetch(url), TypeError);
});

Deno.test("resolveOwn knows the server's name and no other", async () => {
  assertEquals(await resolveOwn("api.example.com"), ["127.0.0.1"]);
  for (const host of ["example.com", "localhost", "169.254.169.254"]) {
    assertEquals(await resolveOwn(host), []);
  }
});
