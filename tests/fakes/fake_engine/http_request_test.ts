import { assertEquals, assertRejects } from "@std/assert";
import { ByteQueue } from "./byte_queue.ts";
import { EngineError } from "./engine_error.ts";
import { clientOf } from "./_client.ts";
import { FakeEngine } from "./fake_engine.ts";
import { isOn, jsonBody, readRequest, wantsUpgrade } from "./http_request.ts";

const encoder = new TextEncoder();

const WITH_LENGTH = "POST /v1.41/images/a%2Fb/json?x=1&y=%20 HTTP/1.1\r\n" +
  "Host: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n" +
  '{"é":1}\n';
const CHUNKED =
  "POST /exec/e/start HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" +
  "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n" +
  '5\r\n{"é"\r\n3;x=y\r\n:1}\r\n0\r\n\r\n';

async function read(text: string, size: number) {
  const queue = new ByteQueue(1 << 20);
  const bytes = encoder.encode(text);
  for (let at = 0; at < bytes.length; at += size) {
    await queue.push(bytes.subarray(at, at + size));
  }
  queue.end();
  const requests = [];
  for (;;) {
    const request = await readRequest(queue);
    if (request === undefined) return requests;
    requests.push(request);
  }
}

for (const size of [1, 7, 1000]) {
  Deno.test(`readRequest reads requests in pieces of ${size}`, async () => {
    const [first, second, ...rest] = await read(WITH_LENGTH + CHUNKED, size);
    assertEquals(rest, []);
    assertEquals(
      [first?.method, first?.path, first?.version, first?.query.get("y")],
      ["POST", "/images/a/b/json", "v1.41", " "],
    );
    assertEquals([first?.body, wantsUpgrade(first!)], [{ é: 1 }, false]);
    assertEquals([second?.path, second?.version], ["/exec/e/start", undefined]);
    assertEquals([second?.body, wantsUpgrade(second!)], [{ é: 1 }, true]);
  });
}

for (
  const [what, text] of Object.entries({
    "no HTTP": "hello\r\n\r\n",
    "another version": "GET / HTTP/2\r\n\r\n",
    "a field without a name": "GET / HTTP/1.1\r\n: x\r\n\r\n",
    "half a head": "GET / HTTP/1.1\r\nHost",
    "half a body": WITH_LENGTH.slice(0, -3),
    "half a chunk": CHUNKED.slice(0, -9),
    "a chunk without a size": CHUNKED.replace("5\r\n", "z\r\n"),
    "a length that is none": WITH_LENGTH.replace("h: 9", "h: -1"),
    "a head without an end": "GET / HTTP/1.1\r\n" + "x: y\r\n".repeat(20_000),
  })
) {
  Deno.test(`readRequest refuses ${what}`, async () => {
    const error = await assertRejects(() => read(text, 1000), EngineError);
    assertEquals(error.status, 400);
  });
}

Deno.test("jsonBody refuses what is no JSON object, with the engine's statuses", async () => {
  const cases = { '{"a"': 500, "[1]": 400, "1": 400 };
  for (const [body, status] of Object.entries(cases)) {
    const [request] = await read(
      `POST / HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      1000,
    );
    const error = await assertRejects(
      () => Promise.try(() => jsonBody(request!)),
      EngineError,
    );
    assertEquals(error.status, status);
  }
});

Deno.test("isOn takes a query's switches as the engine does", async () => {
  const [request] = await read(
    "GET /?a=1&b=true&c=0&d=False&e=&f=no&g=none&h=x HTTP/1.1\r\n\r\n",
    1000,
  );
  const on = [..."abcdefghi"].filter((name) => isOn(request!, name));
  assertEquals(on, ["a", "b", "h"]);
});

Deno.test("FakeEngine answers what is no HTTP with 400, and goes on for others", async () => {
  await using engine = await FakeEngine.start();
  using conn = await Deno.connect({
    transport: "unix",
    path: engine.socketPath,
  });
  await conn.write(encoder.encode("nonsense\r\n\r\n"));
  const answer = await new Response(conn.readable).text();
  assertEquals(answer.slice(0, 24), "HTTP/1.1 400 Bad Request");
  assertEquals(String(await clientOf(engine).ping()), "OK");
});
