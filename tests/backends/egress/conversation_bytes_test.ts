import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { eventually } from "./_line.ts";
import { refusalIn, requestOf, TestProxy } from "./_proxy.ts";
import { RawHost } from "./_raw_host.ts";

/** A request for `ok.example`. */
function ask(port: number, ...fields: string[]): string {
  const authority = `ok.example:${port}`;
  return requestOf(`GET http://${authority}/`, `Host: ${authority}`, ...fields);
}

Deno.test("Conversation stops at bytesMax, exactly, and nothing goes out after that", async () => {
  const body = "x".repeat(1000);
  const answer = `HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n${body}`;
  await using host = RawHost.answering(answer);
  const allow = [`ok.example:${host.port}`];
  await using measure = new TestProxy({ allow });
  await measure.say(ask(host.port));
  const { bytes_in, bytes_out } = await measure.record();
  assertEquals(bytes_in, answer.length);
  const bytesMax = bytes_in + bytes_out;
  {
    await using proxy = new TestProxy({ allow, bytesMax });
    assertStringIncludes(await proxy.say(ask(host.port)), body);
    assertEquals(await proxy.outcome(), ["closed", true]);
    const { length } = host.lines;
    const got = await proxy.say(ask(host.port));
    assertStringIncludes(got, "403 Forbidden");
    assertEquals(refusalIn(got).reason, "bytes_max");
    assertEquals(await proxy.outcome(1), ["bytes_max", false]);
    assertEquals([host.lines.length, proxy.lookUps.length], [length, 1]);
  }
  await using proxy = new TestProxy({ allow, bytesMax: bytesMax - 1 });
  assertEquals((await proxy.say(ask(host.port))).includes(body), false);
  assertEquals(await proxy.outcome(), ["bytes_max", true]);
  const record = await proxy.record();
  assert(record.bytes_in + record.bytes_out < bytesMax);
});

Deno.test("lesson 40: Conversation counts chunked bodies, both ways, and cuts them", async () => {
  await using host = new RawHost(async (line) => {
    const head = await line.until("\r\n\r\n");
    if (head.startsWith("POST")) return void await line.rest();
    await line.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    // Without an end: it is the proxy that ends it.
    for (let isOver = false; !isOver;) {
      isOver = line.wasReset ||
        !await line.send("5\r\nhello\r\n").then(() => true, () => false);
    }
  });
  const allow = [`ok.example:${host.port}`];
  const endless = ask(host.port, "Transfer-Encoding: chunked")
    .replace("GET", "POST");
  await using proxy = new TestProxy({ allow, bytesMax: 200_000 });
  const got = await proxy.say(ask(host.port));
  const { bytes_in, bytes_out } = await proxy.record();
  assert(got.length <= 200_100 && bytes_in + bytes_out <= 200_000);
  assertEquals(await proxy.outcome(), ["bytes_max", true]);

  await using sender = new TestProxy({ allow, bytesMax: 200_000 });
  using line = await sender.begin(endless);
  let isOver = false;
  const rest = line.rest().then(() => isOver = true);
  while (!isOver) await line.sendSome("5\r\nhello\r\n");
  await rest;
  assertEquals(await sender.outcome(), ["bytes_max", true]);
  const host2 = host.lines[1]!;
  await eventually("its end", () => host2.read === "");
  assert((await sender.record()).bytes_out <= 200_000);
});

Deno.test("Conversation shares bytesMax with those beside it", async () => {
  await using host = RawHost.echo();
  await using proxy = new TestProxy({
    allow: [{ host: "ok.example", port: host.port, tcp: true }],
    bytesMax: 1000,
  });
  const authority = `ok.example:${host.port}`;
  using one = await proxy.tunnel(authority);
  using other = await proxy.tunnel(authority);
  await one.send("x".repeat(400));
  await one.take(400);
  await other.send("y".repeat(101));
  // Out it would go, but back it may not come.
  assert((await other.rest()).length <= 99);
  assertEquals(await proxy.outcome(0), ["bytes_max", true]);
  await one.send("x".repeat(101));
  assertEquals(await one.rest(), "");
  assertEquals(await proxy.outcome(1), ["bytes_max", true]);
  const sum = proxy.records.reduce(
    (sum, { bytes_in, bytes_out }) => sum + bytes_in + bytes_out,
    0,
  );
  assert(sum <= 1000, String(sum));
});
