import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { eventually } from "./_line.ts";
import { refusalIn, requestOf, TestProxy } from "./_proxy.ts";
import { RawHost } from "./_raw_host.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** A proxy in front of a host; what it is asked for is `ok.example`. */
function before(host: RawHost, others: object = {}): TestProxy {
  return new TestProxy({ allow: [`ok.example:${host.port}`], ...others });
}

/** A request for that host. */
function ask(host: RawHost, method: string, ...fields: string[]): string {
  const authority = `ok.example:${host.port}`;
  return requestOf(
    `${method} http://${authority}/path?q`,
    `Host: ${authority}`,
    ...fields,
  );
}

Deno.test("exchange answers 502 for a host whose answer is none", async () => {
  const interim = "HTTP/1.1 102 Processing\r\n\r\n";
  const answers: [answer: string, words: string][] = [
    ["", "closed the connection"],
    ["HTTP/1.1 200 OK\r\nContent-", "closed the connection"],
    ["SSH-2.0-OpenSSH_9\r\n\r\n", "The status line"],
    ["ICY 200 OK\r\n\r\n", "The status line"],
    ["HTTP/1.1 200 OK\nA: b\n\r\n\r\n", "control character"],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "Transfer-Encoding"],
    [
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "Content-Length",
    ],
    ["HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", "switches protocols"],
    [`HTTP/1.1 200 OK\r\nA: ${"a".repeat(2000)}\r\n\r\n`, "longer than 1024"],
    [`HTTP/1.1 200 OK\r\n${"A: b\r\n".repeat(150_000)}`, "longer than 1024"],
  ];
  for (const [answer, words] of answers) {
    await using host = new RawHost(async (line) => {
      await line.until("\r\n\r\n");
      await line.sendSome(answer);
    });
    await using proxy = before(host, { headerBytesMax: 1024 });
    const got = await proxy.say(ask(host, "GET"));
    assertStringIncludes(got, "HTTP/1.1 502 Bad Gateway\r\n", words);
    const { error, reason, message } = refusalIn(got);
    assertEquals([error, reason], ["egress_failed", "unreachable"]);
    assertStringIncludes(String(message), words);
    assertEquals(await proxy.outcome(), ["unreachable", true]);
    assertEquals(proxy.warnings, []);
  }
  // Once something was passed on, there is nothing to say but the end.
  await using host = RawHost.answering(interim.repeat(17) + OK);
  await using proxy = before(host);
  const got = await proxy.say(ask(host, "GET"));
  assertEquals(got, interim.repeat(17));
  assertEquals(await proxy.outcome(), ["unreachable", true]);
});

Deno.test("exchange ends where a host's body does not, which is not the sandbox's fault", async () => {
  const answers: [head: string, body: string, passed: string][] = [
    ["Content-Length: 10", "hello", "hello"],
    ["Transfer-Encoding: chunked", "5\r\nhel", "5\r\nhel"],
    ["Transfer-Encoding: chunked", "x\r\nhello", ""],
  ];
  for (const [field, body, passed] of answers) {
    const head = `HTTP/1.1 200 OK\r\n${field}\r\n`;
    await using host = RawHost.answering(`${head}\r\n${body}`);
    await using proxy = before(host);
    assertEquals(
      await proxy.say(ask(host, "GET")),
      `${head}Connection: close\r\n\r\n${passed}`,
    );
    assertEquals(await proxy.outcome(), ["unreachable", true], body);
  }
});

Deno.test("exchange passes on the answer of a host that reads no further", async () => {
  const refused = "HTTP/1.1 413 Too Much\r\nContent-Length: 3\r\n\r\nno!";
  await using host = RawHost.answering(refused);
  await using proxy = before(host);
  using client = await proxy.begin(
    ask(host, "POST", "Content-Length: 50000000") + "x".repeat(1000),
  );
  assertStringIncludes(await client.rest(), "\r\n\r\nno!");
  // With a reset, whoever passes it on would lose the answer.
  await client.send("x".repeat(100_000));
  assertEquals(client.wasReset, false);
  client.close();
  assertEquals(await proxy.outcome(), ["closed", true]);
  const { bytes_out } = await proxy.record();
  assert(bytes_out < 2000, "what came too late was not sent");
});

Deno.test("exchange refuses a request's body that is none, and answers once", async () => {
  const bodies: [field: string, body: string, words: string][] = [
    ["Transfer-Encoding: chunked", "x\r\n", "in a chunk's size"],
    ["Transfer-Encoding: chunked", "5\r\nhelloX", "behind a chunk's data"],
    ["Transfer-Encoding: chunked", "5\r\nhe", "ended before its body did"],
    ["Content-Length: 10", "hello", "ended before its body did"],
  ];
  for (const [field, body, words] of bodies) {
    // It answers as soon as it sees that no more comes.
    await using host = new RawHost(async (line) => {
      await line.rest();
      await line.sendSome(OK);
    });
    await using proxy = before(host);
    using client = await proxy.begin(ask(host, "POST", field) + body);
    await client.closeWrite();
    const got = await client.rest();
    assertStringIncludes(got, "HTTP/1.1 400 Bad Request\r\n");
    assertStringIncludes(String(refusalIn(got).message), words);
    assertEquals(await proxy.outcome(), ["malformed", false]);
  }
});

Deno.test("exchange cuts the host when a request's body turns out to be none, before anything else", async () => {
  let ended = false;
  await using host = new RawHost(async (line) => {
    await line.rest();
    ended = true;
  });
  await using proxy = before(host);
  // It is told why, and lingers.
  using client = await proxy.begin(
    ask(host, "POST", "Transfer-Encoding: chunked") + "x",
  );
  await client.until("\r\n\r\n");
  await host.lines[0]!.rest();
  assertEquals([proxy.proxy.open, ended], [1, true]);
});

Deno.test("exchange lets the host go when its client goes away", async () => {
  await using host = new RawHost(async (line) => {
    await line.until("\r\n\r\n");
    await line.send("HTTP/1.1 200 OK\r\n\r\n");
    while (!line.wasReset) {
      await line.send(new Uint8Array(100_000)).catch(() =>
        line.wasReset = true
      );
    }
  });
  await using proxy = before(host);
  const client = await proxy.begin(ask(host, "GET"));
  await client.until("\r\n\r\n");
  client.close();
  assertEquals(await proxy.outcome(), ["closed", true]);
  await eventually("its end", () => host.lines[0]!.wasReset);
  assertEquals(proxy.warnings, []);
});
