import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { hello, name, serverName } from "./_client_hello.ts";
import { eventually, type Line } from "./_line.ts";
import { connectTo, refusalIn, TestProxy } from "./_proxy.ts";
import { RawHost } from "./_raw_host.ts";

const ALERT = "\x15\x03\x03\x00\x02\x02\x31";
const CERTIFICATES = new URL("../../fixtures/tls/", import.meta.url);

function read(file: string): string {
  return Deno.readTextFileSync(new URL(file, CERTIFICATES));
}

/** A host with TLS, for `localhost`, that echoes. */
function tlsHost(): RawHost {
  return new RawHost(
    async (line) => {
      await line.send(`you said ${await line.until("\n")}`);
    },
    Deno.listenTls({
      hostname: "127.0.0.1",
      port: 0,
      cert: read("engine.pem"),
      key: read("engine-key.pem"),
    }),
  );
}

/** A proxy that can be talked to with TLS, for which Deno wants TCP. */
function onPort(host: RawHost): TestProxy {
  return new TestProxy({
    allow: [`localhost:${host.port}`],
    listener: Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  });
}

async function startTls(line: Line, hostname: string): Promise<void> {
  line.conn = await Deno.startTls(line.conn as Deno.TcpConn, {
    hostname,
    caCerts: [read("client/ca.pem")],
  });
}

/** What a client says first that wants a host by that name. */
function helloTo(host: string): Uint8Array {
  return hello({ extensions: [serverName(name(host))] });
}

/** A proxy and a host that tells nothing but what it got. */
function before(host: RawHost, tcp = false): TestProxy {
  return new TestProxy({
    allow: [{ host: "ok.example", port: host.port, tcp }],
  });
}

Deno.test("tunnel passes TLS on, with the name that was asked for or with none", async () => {
  for (const hostname of ["localhost", "127.0.0.1"]) {
    await using host = tlsHost();
    await using proxy = onPort(host);
    using line = await proxy.tunnel(`localhost:${host.port}`);
    await startTls(line, hostname);
    await line.send("secret\n");
    assertEquals(await line.rest(), "you said secret\n");
    line.close();
    const { scheme, method, bytes_in, bytes_out } = await proxy.record();
    assertEquals([scheme, method], ["https", "CONNECT"]);
    assert(bytes_in > 500 && bytes_out > 200, `${bytes_in} ${bytes_out}`);
    assertEquals(await proxy.outcome(), ["closed", true]);
  }
});

Deno.test("lesson 40: tunnel cuts a handshake that names another host, of which the host gets nothing", async () => {
  await using host = new RawHost(async (line) => {
    assertEquals(await line.rest(), "");
  });
  await using proxy = onPort(host);
  using line = await proxy.tunnel(`localhost:${host.port}`);
  await startTls(line, "evil.example");
  await assertRejects(
    () => (line.conn as Deno.TlsConn).handshake(),
    Error,
    "AccessDenied",
  );
  line.close();
  const { bytes_out, scheme } = await proxy.record();
  assertEquals([bytes_out, scheme], [0, "https"]);
  assertEquals(await proxy.outcome(), ["mismatch", false]);
});

Deno.test("lesson 40: tunnel compares names however they are spelt, and in pieces of any size", async () => {
  const cases: [sent: string, isSame: boolean][] = [
    ["ok.example", true],
    ["OK.Example.", true],
    ["ok.example.evil", false],
    ["evil.ok.example", false],
    ["ok.examplf", false],
    ["127.0.0.1", false],
  ];
  for (const [sent, isSame] of cases) {
    await using host = RawHost.echo();
    await using proxy = before(host);
    using line = await proxy.tunnel(`Ok.Example.:${host.port}`);
    for (const byte of helloTo(sent)) {
      await line.sendSome(Uint8Array.of(byte));
    }
    const wanted = isSame ? helloTo(sent).length : ALERT.length;
    const got = await line.take(wanted);
    if (!isSame) assertEquals(got, ALERT);
    line.close();
    const { bytes_out, bytes_in } = await proxy.record();
    const passed = isSame ? wanted : 0;
    assertEquals([bytes_out, bytes_in], [passed, passed], sent);
    assertEquals((await proxy.outcome())[1], isSame);
  }
});

Deno.test("tunnel tells those who speak HTTP in it, and cuts whatever else is not TLS", async () => {
  const others = [
    "SSH-2.0-x\r\n",
    "\x16\x03",
    "\x16\x02\x01",
    "\x16\x03\x01\x00\x00",
    "\0",
    "get / HTTP/1.1\r\n\r\n",
  ];
  for (const text of ["GET / HTTP/1.1\r\n\r\n", ...others]) {
    await using host = new RawHost(async (line) => {
      assertEquals(await line.rest(), "");
    });
    await using proxy = before(host);
    using line = await proxy.tunnel(`ok.example:${host.port}`);
    await line.send(text);
    await line.closeWrite();
    const got = await line.rest();
    if (text.startsWith("GET")) {
      assertStringIncludes(got, "HTTP/1.1 403 Forbidden\r\n");
      assertStringIncludes(got, "x-zu-egress: refused");
      assertEquals(refusalIn(got).reason, "not_tls");
    } else assertEquals(got, "");
    const { scheme, bytes_out } = await proxy.record();
    assertEquals([scheme, bytes_out], ["tcp", 0]);
    assertEquals(await proxy.outcome(), ["not_tls", false]);
  }
});

Deno.test("tunnel's refusals reach those who go on sending", async () => {
  await using host = RawHost.echo();
  await using proxy = before(host);
  for (const first of ["POST / HTTP/1.1\r\n\r\n", helloTo("evil.example")]) {
    using line = await proxy.tunnel(`ok.example:${host.port}`);
    await line.send(first);
    const got = await line.rest();
    assert(got === ALERT || got.startsWith("HTTP/1.1 403"));
    await line.send("x".repeat(100_000));
    assertEquals(line.wasReset, false);
  }
});

Deno.test("tunnel lets a host speak first where a rule allows tcp", async () => {
  await using host = new RawHost(async (line) => {
    await line.send("220 ready\r\n");
    await line.send(`250 ${await line.until("\r\n")}`);
  });
  await using proxy = before(host, true);
  using line = await proxy.tunnel(`ok.example:${host.port}`);
  await line.until("220 ready\r\n");
  await line.send("HELO x\r\n");
  assertEquals(await line.rest(), "250 HELO x\r\n");
  line.close();
  const { scheme, bytes_in, bytes_out } = await proxy.record();
  assertEquals([scheme, bytes_out, bytes_in], ["tcp", 8, 23]);
  assertEquals(await proxy.outcome(), ["closed", true]);
});

Deno.test("tunnel lets no host speak before the handshake where no rule allows tcp", async () => {
  await using host = new RawHost(async (line) => {
    await line.send("220 ready\r\n");
    assertEquals(await line.rest(), "");
  });
  await using proxy = before(host);
  using line = await proxy.tunnel(`ok.example:${host.port}`);
  await eventually("the host's word", () => host.lines.length === 1);
  await line.closeWrite();
  assertEquals(await line.rest(), "");
  const { bytes_in, bytes_out } = await proxy.record();
  assertEquals([bytes_in, bytes_out], [0, 0]);
  assertEquals(await proxy.outcome(), ["closed", true]);
});

Deno.test("lesson 40: tunnel refuses TLS with another name though the rule allows tcp", async () => {
  for (const isLate of [false, true]) {
    await using host = new RawHost(async (line) => {
      await line.send("hi");
      assertEquals(await line.rest(), "");
    });
    await using proxy = before(host, true);
    using line = await proxy.tunnel(`ok.example:${host.port}`);
    if (isLate) await line.take(2);
    await line.send(helloTo("evil.example"));
    assertEquals((await line.rest()).replace("hi", ""), ALERT);
    line.close();
    const { scheme } = await proxy.record();
    assertEquals(scheme, "https");
    assertEquals(await proxy.outcome(), ["mismatch", false]);
  }
});

Deno.test("tunnel passes the end of either side on, and the other goes on", async () => {
  await using host = new RawHost(async (line, index) => {
    if (index === 0) {
      const got = await line.rest();
      await line.send(`then: ${got.length}`);
    } else {
      await line.send("first");
      await line.closeWrite();
      assertEquals(await line.rest(), "and last");
    }
  });
  await using proxy = before(host, true);
  {
    using line = await proxy.tunnel(`ok.example:${host.port}`);
    await line.send("x".repeat(100_000));
    await line.closeWrite();
    assertEquals(await line.rest(), "then: 100000");
  }
  {
    using line = await proxy.tunnel(`ok.example:${host.port}`);
    assertEquals(await line.rest(), "first");
    await line.send("and last");
  }
  assertEquals(await proxy.outcome(0), ["closed", true]);
  assertEquals(await proxy.outcome(1), ["closed", true]);
  assertEquals(proxy.warnings, []);
});

Deno.test("tunnel is for CONNECT with a host and a port, and without a body", async () => {
  await using host = RawHost.echo();
  await using proxy = before(host, true);
  const { port } = host;
  const refusals: [request: string, status: number, reason: string][] = [
    [connectTo("ok.example"), 400, "malformed"],
    [connectTo(`http://ok.example:${port}`), 400, "malformed"],
    [connectTo(`x@ok.example:${port}`), 400, "malformed"],
    [connectTo(`ok.example:${port}`, "Content-Length: 1") + "x", 400, ""],
    [connectTo(`ok.example:${port}`, "Transfer-Encoding: chunked"), 400, ""],
    [connectTo(`ok.example:${port === 1 ? 2 : 1}`), 403, "not_allowed"],
    [connectTo(`127.0.0.1:${port}`), 403, "not_allowed"],
    [connectTo(`2130706433:${port}`), 403, "internal"],
    [
      `CONNECT ok.example:${port} HTTP/1.1\r\nHost: evil.example\r\n\r\n`,
      403,
      "mismatch",
    ],
  ];
  for (const [request, status, reason] of refusals) {
    const got = await proxy.say(request);
    assertStringIncludes(got, `HTTP/1.1 ${status} `, request);
    assertEquals(refusalIn(got).reason, reason || "malformed", request);
  }
  assertEquals(host.lines.length, 0);
  assertEquals(proxy.lookUps, []);
  await proxy.record(refusals.length - 1);
  for (const { allowed, method } of proxy.records) {
    assertEquals([allowed, method], [false, "CONNECT"]);
  }
  assertEquals(proxy.records[3]!.host, "ok.example");
});

Deno.test("tunnel passes on what came with its request", async () => {
  await using host = RawHost.echo();
  await using proxy = before(host);
  const first = helloTo("ok.example");
  const request = connectTo(`ok.example:${host.port}`);
  using line = await proxy.connect();
  const both = new Uint8Array(request.length + first.length);
  both.set(new TextEncoder().encode(request));
  both.set(first, request.length);
  await line.send(both);
  await line.until("\r\n\r\n");
  assertEquals((await line.take(first.length)).length, first.length);
});

Deno.test("tunnel ends with a host that resets, with nothing to warn of", async () => {
  await using host = new RawHost(async (line) => {
    await line.take(1);
  });
  await using proxy = before(host, true);
  using line = await proxy.tunnel(`ok.example:${host.port}`);
  await line.sendSome("x".repeat(3_000_000));
  await line.rest();
  line.close();
  assertEquals(await proxy.outcome(), ["closed", true]);
  assertEquals(proxy.warnings, []);
});
