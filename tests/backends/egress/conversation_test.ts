import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { eventually } from "./_line.ts";
import { connectTo, refusalIn, requestOf, TestProxy } from "./_proxy.ts";
import { RawHost } from "./_raw_host.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** A request for `ok.example`. */
function ask(port: number, ...fields: string[]): string {
  const authority = `ok.example:${port}`;
  return requestOf(`GET http://${authority}/`, `Host: ${authority}`, ...fields);
}

Deno.test("Conversation tells who is refused what refused it, and what is allowed", async () => {
  await using proxy = new TestProxy({
    allow: [
      { host: "ok.example", port: 8080, methods: ["GET"] },
      "*.wide.example",
    ],
    deny: ["no.wide.example"],
  });
  const allow = ["ok.example:8080", "*.wide.example"];
  const cases: [request: string, refusal: Record<string, unknown>][] = [
    [
      requestOf("POST http://ok.example:8080/", "Host: ok.example:8080"),
      {
        reason: "method",
        host: "ok.example",
        port: 8080,
        rule: "ok.example:8080",
      },
    ],
    [
      requestOf("GET http://no.wide.example/", "Host: no.wide.example"),
      {
        reason: "denied",
        host: "no.wide.example",
        port: 80,
        rule: "no.wide.example",
      },
    ],
    [
      connectTo("other.example:443"),
      { reason: "not_allowed", host: "other.example", port: 443 },
    ],
    [
      requestOf("GET http://ok.example:8080/", "Host: evil.example"),
      { reason: "mismatch", host: "ok.example", port: 8080 },
    ],
  ];
  for (const [request, wanted] of cases) {
    const got = await proxy.say(request);
    assertStringIncludes(got, "HTTP/1.1 403 Forbidden\r\n");
    assertStringIncludes(got, "x-zu-egress: refused\r\n");
    const { message, ...refusal } = refusalIn(got);
    assertEquals(refusal, { error: "egress_refused", ...wanted, allow });
    assert(String(message).length > 10);
  }
  await proxy.record(cases.length - 1);
  assertEquals(
    proxy.records.map(({ reason, allowed }) => [reason, allowed]),
    cases.map(([, { reason }]) => [reason, false]),
  );
  assertEquals(proxy.lookUps, []);
});

Deno.test("lesson 39: Conversation records what is no request, and answers it", async () => {
  await using proxy = new TestProxy({ allow: ["ok.example"] });
  const texts = [
    "\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: ok.example\r\n\r\n",
    "GET http://ok.example/ HTTP/2.0\r\nHost: ok.example\r\n\r\n",
    "GET http://ok.example/ HTTP/1.1\r\n\r\n",
    "GET http://ok.example/\r\n\r\n",
    "GET https://ok.example/ HTTP/1.1\r\nHost: ok.example\r\n\r\n",
    "GET http://ok.example/\x00 HTTP/1.1\r\nHost: ok.example\r\n\r\n",
    "\x16\x03\x01\x00\xff\r\n\r\n",
    "\x05\x01\x00\r\n\r\n",
    "PROXY TCP4 1.2.3.4 1.2.3.4 1 1\r\n\r\n",
  ];
  for (const [index, text] of texts.entries()) {
    const got = await proxy.say(text);
    assertStringIncludes(got, "HTTP/1.1 400 Bad Request\r\n", text);
    assertEquals(refusalIn(got).reason, "malformed");
    assertEquals(await proxy.outcome(index), ["malformed", false]);
  }
  assertEquals(proxy.lookUps, []);
});

Deno.test("lesson 39: Conversation records half a head, but not who only connects", async () => {
  await using proxy = new TestProxy({ allow: ["ok.example"] });
  for (let i = 0; i < 3; i++) {
    using line = await proxy.connect();
    await line.closeWrite();
    assertEquals(await line.rest(), "");
  }
  await using hasty = new TestProxy({ allow: [], idleTimeoutMs: 20 });
  assertEquals(await hasty.say(""), "");
  await using closing = new TestProxy({ allow: [] });
  using silent = await closing.connect();
  await eventually("it", () => closing.proxy.open === 1);
  await Promise.all([hasty, closing].map(({ proxy }) => proxy.close()));
  assertEquals(await silent.rest(), "");
  assertEquals([hasty.records, closing.records], [[], []]);

  using line = await proxy.begin("G");
  await line.closeWrite();
  assertStringIncludes(await line.rest(), "400 Bad Request");
  assertEquals(await proxy.outcome(0), ["malformed", false]);
  // One that goes away without a word for the proxy's answer.
  (await proxy.begin("GET http://ok")).close();
  assertEquals(await proxy.outcome(1), ["malformed", false]);
  assertEquals(proxy.records.length, 2);
});

Deno.test("lesson 39: Conversation records the host of a request whose body is none", async () => {
  await using proxy = new TestProxy({ allow: ["ok.example"] });
  const request = requestOf(
    "POST http://ok.example/",
    "Host: ok.example",
    "Content-Length: 1, 2",
  );
  assertStringIncludes(await proxy.say(request), "400 Bad Request");
  const { host, port, method } = await proxy.record();
  assertEquals([host, port, method], ["ok.example", 80, "POST"]);
  assertEquals(await proxy.outcome(), ["malformed", false]);
});

Deno.test("lesson 39: Conversation records hosts that are not written as hosts, cut and printable", async () => {
  await using proxy = new TestProxy({ allow: ["ok.example"] });
  const digits = "1".repeat(1000);
  await proxy.say(requestOf(`GET http://${digits}/`, `Host: ${digits}`));
  const { host, reason } = await proxy.record();
  assertEquals([host, reason], ["1".repeat(253), "internal"]);
});

Deno.test("Conversation takes a head of headerBytesMax, and not one of a byte more", async () => {
  await using host = RawHost.answering(OK);
  await using proxy = new TestProxy({
    allow: [`ok.example:${host.port}`],
    headerBytesMax: 2048,
  });
  const { length } = ask(host.port, "A: ");
  const longest = ask(host.port, `A: ${"a".repeat(2048 - length)}`);
  assertEquals(longest.length, 2048);
  assertStringIncludes(await proxy.say(`${longest}behind`), "200 OK");
  for (
    const text of [
      longest.replace("A: ", "A: a"),
      longest.slice(0, -1) + "x",
      "x".repeat(500_000),
      "\r\n".repeat(1025).replace("\r\n\r\n", "x\r\n"),
    ]
  ) {
    const count = proxy.records.length;
    using line = await proxy.begin(text);
    await line.closeWrite();
    const got = await line.rest();
    if (text.startsWith("x\r")) assertStringIncludes(got, "400");
    else {
      assertStringIncludes(got, "431 Request Header Fields Too Large");
      assertEquals(refusalIn(got).reason, "head_max");
      assertEquals(await proxy.outcome(count), ["head_max", false]);
    }
    await proxy.record(count);
  }
});

Deno.test("lesson 40: Conversation cuts a head that takes too long, though bytes keep coming", async () => {
  await using proxy = new TestProxy({
    allow: ["ok.example"],
    idleTimeoutMs: 100,
  });
  using line = await proxy.begin("GET http://ok.example/ HTTP/1.1\r\n");
  let isOver = false;
  const rest = line.rest().then((text) => {
    isOver = true;
    return text;
  });
  await eventually("its end", () => {
    line.sendSome("A: b\r\n");
    return isOver;
  });
  assertEquals(await rest, "");
  assertEquals(await proxy.outcome(), ["head_max", false]);
});

Deno.test("lesson 40: Conversation cuts what is idle, in each of its states", async () => {
  await using host = new RawHost(async (line) => {
    await line.until("\r\n\r\n").catch(() => {});
    await line.rest();
  });
  await using proxy = new TestProxy({
    allow: [{ host: "ok.example", port: host.port, tcp: true }],
    idleTimeoutMs: 200,
  });
  const texts = [
    ask(host.port),
    ask(host.port, "Content-Length: 5") + "he",
    connectTo(`ok.example:${host.port}`),
    connectTo(`ok.example:${host.port}`) + "\x16",
  ];
  for (const [index, text] of texts.entries()) {
    const got = await proxy.say(text);
    assertEquals(got.replace(/^HTTP.*\r\n\r\n/, ""), "", text);
    assertEquals(await proxy.outcome(index), ["idle", true], text);
    const { duration_ms } = await proxy.record(index);
    assert(duration_ms >= 190 && duration_ms < 10_000, String(duration_ms));
  }
});

Deno.test("lesson 40: Conversation lets what is in use go on, well past the idle time", async () => {
  const idleTimeoutMs = 500;
  let stop = false;
  // A byte each way, by turns; whoever is cut makes the other fail.
  await using host = new RawHost(async (line) => {
    await line.until("\r\n\r\n");
    await line.send("HTTP/1.1 200 OK\r\n\r\n");
    while (!stop) {
      await line.send("x");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
  await using proxy = new TestProxy({
    allow: [`ok.example:${host.port}`],
    idleTimeoutMs,
  });
  using line = await proxy.begin(ask(host.port));
  const start = performance.now();
  await line.until("\r\n\r\n");
  while (performance.now() - start < 2.5 * idleTimeoutMs) await line.take(1);
  stop = true;
  await line.rest();
  assertEquals(await proxy.outcome(), ["closed", true]);
  const { duration_ms } = await proxy.record();
  assert(duration_ms >= 2.5 * idleTimeoutMs, String(duration_ms));
});

Deno.test("lesson 40: Conversation cuts nobody who reads slowly", async () => {
  const idleTimeoutMs = 500;
  await using host = new RawHost(async (line) => {
    await line.until("\r\n\r\n");
    await line.send("HTTP/1.1 200 OK\r\n\r\n");
    await line.sendSome(new Uint8Array(50_000_000));
  });
  await using proxy = new TestProxy({
    allow: [`ok.example:${host.port}`],
    idleTimeoutMs,
  });
  using line = await proxy.begin(ask(host.port));
  const start = performance.now();
  const buffer = new Uint8Array(64 * 1024);
  while (performance.now() - start < 2.5 * idleTimeoutMs) {
    assert(await line.conn.read(buffer) !== null, "it was cut");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  line.close();
  assertEquals(await proxy.outcome(), ["closed", true]);
});

Deno.test("Conversation leaves those who go on sending time for its answer, but not for ever", async () => {
  await using proxy = new TestProxy({ allow: ["ok.example"] });
  const text = requestOf(
    "POST http://no.example/",
    "Host: no.example",
    "Content-Length: 100000000",
  );
  using line = await proxy.begin(text);
  await line.until("\r\n\r\n");
  await line.rest();
  await line.send("x".repeat(100_000));
  assertEquals(line.wasReset, false);
  // That is as much as it listens to.
  await line.sendSome("x".repeat(4_000_000));
  assertEquals(await proxy.outcome(), ["not_allowed", false]);
});
