import { assertEquals, assertStringIncludes } from "@std/assert";
import { AddressRanges } from "../../../backends/egress/public_address.ts";
import { eventually } from "./_line.ts";
import {
  connectTo,
  refusalIn,
  requestOf,
  TestProxy,
  type TestProxyOptions,
} from "./_proxy.ts";
import { RawHost } from "./_raw_host.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** A request for `ok.example`. */
function ask(port: number): string {
  const authority = `ok.example:${port}`;
  return requestOf(`GET http://${authority}/`, `Host: ${authority}`);
}

function proxyTo(
  port: number,
  others: Partial<TestProxyOptions> = {},
): TestProxy {
  return new TestProxy({ allow: [`ok.example:${port}`], ...others });
}

/** A port that nobody listens on. */
function closedPort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  return listener.addr.port;
}

Deno.test("lesson 38: dial looks a name up once, and dials the address that was checked", async () => {
  await using host = RawHost.answering(OK);
  const answers = [["127.0.0.1"], ["127.0.0.2"]];
  await using proxy = proxyTo(host.port, {
    resolve: () => Promise.resolve(answers.shift()!),
  });
  assertStringIncludes(await proxy.say(ask(host.port)), "200 OK");
  assertEquals(proxy.lookUps, ["ok.example"]);
  // The next attempt looks again, and what has changed is what holds.
  assertStringIncludes(await proxy.say(ask(host.port)), "403 Forbidden");
  assertEquals(proxy.lookUps, ["ok.example", "ok.example"]);
  await proxy.record(1);
  assertEquals(proxy.records.map(({ ip, reason }) => [ip, reason]), [
    ["127.0.0.1", "closed"],
    ["127.0.0.2", "internal"],
  ]);
  assertEquals(host.lines.length, 1);
});

Deno.test("lesson 38: dial refuses a name one of whose addresses is not public", async () => {
  const answers: [addresses: string[], culprit: string | null][] = [
    [["127.0.0.1", "10.0.0.1"], "10.0.0.1"],
    [["10.0.0.1", "127.0.0.1"], "10.0.0.1"],
    [["127.0.0.1", "127.0.0.1", "::1"], "::1"],
    [["::ffff:127.0.0.1"], "::ffff:127.0.0.1"],
    [["127.0.0.1", "169.254.169.254"], "169.254.169.254"],
    [["fe80::1%lo"], "fe80::1%lo"],
    [["127.0.0.1", "0"], null],
    [["127.1"], null],
    [["0x7f000001"], null],
    [["localhost"], null],
    [["127.0.0.1", ""], null],
  ];
  await using host = RawHost.answering(OK);
  for (const [addresses, culprit] of answers) {
    await using proxy = proxyTo(host.port, {
      resolve: () => Promise.resolve(addresses),
    });
    const got = await proxy.say(ask(host.port));
    assertStringIncludes(got, "403 Forbidden", addresses.join());
    assertEquals(refusalIn(got).reason, "internal");
    assertEquals(await proxy.outcome(), ["internal", false]);
    assertEquals((await proxy.record()).ip, culprit);
  }
  assertEquals(host.lines.length, 0);
});

Deno.test("lesson 38: dial checks addresses that were asked for, too, and looks none up", async () => {
  for (const address of ["127.0.0.2", "169.254.169.254", "[::1]"]) {
    await using proxy = new TestProxy({ allow: [`${address}:80`] });
    for (
      const request of [
        connectTo(`${address}:80`),
        requestOf(`GET http://${address}/`, `Host: ${address}`),
      ]
    ) {
      assertStringIncludes(await proxy.say(request), "403 Forbidden");
    }
    await proxy.record(1);
    const ip = address.replace(/[[\]]/g, "");
    for (const each of proxy.records) {
      assertEquals([each.reason, each.allowed], ["internal", false]);
      assertEquals([each.host, each.ip], [ip, ip]);
    }
    assertEquals([proxy.records.length, proxy.lookUps], [2, []]);
  }
  await using host = RawHost.answering(OK);
  await using proxy = new TestProxy({ allow: [`127.0.0.1:${host.port}`] });
  const authority = `127.0.0.1:${host.port}`;
  const request = requestOf(`GET http://${authority}/`, `Host: ${authority}`);
  assertStringIncludes(await proxy.say(request), "200 OK");
  assertEquals(proxy.lookUps, []);
});

Deno.test("dial refuses a name whose address is denied", async () => {
  await using host = RawHost.answering(OK);
  await using proxy = proxyTo(host.port, {
    deny: [`127.0.0.1:${host.port}`],
  });
  const got = await proxy.say(ask(host.port));
  assertStringIncludes(got, "403 Forbidden");
  assertEquals(refusalIn(got).rule, `127.0.0.1:${host.port}`);
  assertEquals(await proxy.outcome(), ["denied", false]);
  assertEquals((await proxy.record()).ip, "127.0.0.1");
  assertEquals(host.lines.length, 0);
});

Deno.test("dial goes on to the next address when one does not answer", async () => {
  await using host = RawHost.answering(OK);
  await using proxy = proxyTo(host.port, {
    ranges: new AddressRanges(["127.0.0.0/8"]),
    resolve: () => Promise.resolve(["127.0.0.77", "127.0.0.1", "127.0.0.78"]),
  });
  assertStringIncludes(await proxy.say(ask(host.port)), "200 OK");
  assertEquals((await proxy.record()).ip, "127.0.0.1");
});

Deno.test("dial says so when nobody answers", async () => {
  const port = closedPort();
  await using proxy = proxyTo(port);
  const got = await proxy.say(ask(port));
  assertStringIncludes(got, "502 Bad Gateway");
  assertEquals(refusalIn(got).error, "egress_failed");
  assertStringIncludes(await proxy.say(connectTo(`ok.example:${port}`)), "502");
  await proxy.record(1);
  for (const { reason, allowed, ip, bytes_out } of proxy.records) {
    assertEquals([reason, allowed, ip, bytes_out], [
      "unreachable",
      true,
      "127.0.0.1",
      0,
    ]);
  }
});

Deno.test("dial takes whatever a resolver returns for what it is", async () => {
  const answers: [answer: () => unknown, reason: string][] = [
    [() => Promise.resolve([]), "unresolved"],
    [() => Promise.reject(new Error("NXDOMAIN")), "unresolved"],
    [() => Promise.reject(undefined), "unresolved"],
    [
      () => {
        throw new Error("at once");
      },
      "unresolved",
    ],
    [() => Promise.resolve(undefined), "unresolved"],
    [() => Promise.resolve(null), "unresolved"],
    [() => Promise.resolve(5), "unresolved"],
    [() => Promise.resolve({ address: "127.0.0.1" }), "unresolved"],
    [() => Promise.resolve(Array(65).fill("127.0.0.1")), "unresolved"],
    [() => Promise.resolve("127.0.0.1"), "unresolved"],
    [() => Promise.resolve([{ address: "127.0.0.1" }]), "unresolved"],
    [() => Promise.resolve([undefined]), "unresolved"],
    [() => Promise.resolve(["127.0.0.1", 2130706433]), "unresolved"],
    [() => Promise.resolve([["127.0.0.1"]]), "unresolved"],
  ];
  await using host = RawHost.answering(OK);
  for (const [answer, reason] of answers) {
    await using proxy = proxyTo(host.port, {
      resolve: answer as () => Promise<string[]>,
    });
    const got = await proxy.say(ask(host.port));
    assertStringIncludes(got, "502 Bad Gateway", String(answer));
    assertEquals(await proxy.outcome(), [reason, true]);
    assertEquals([(await proxy.record()).ip, proxy.warnings], [null, []]);
  }
  // An answer that is there at once is one.
  await using proxy = proxyTo(host.port, {
    resolve: (() => ["127.0.0.1"]) as unknown as () => Promise<string[]>,
  });
  assertStringIncludes(await proxy.say(ask(host.port)), "200 OK");
  assertEquals(host.lines.length, 1);
});

Deno.test("dial leaves a look-up that never ends as soon as it is cut", async () => {
  let signal: AbortSignal | undefined;
  const late = Promise.withResolvers<string[]>();
  const resolve: TestProxyOptions["resolve"] = (_, options) => {
    signal = options.signal;
    return late.promise;
  };
  for (const end of ["idle", "ended", "revoked"]) {
    signal = undefined;
    await using proxy = proxyTo(80, {
      resolve,
      ...(end === "idle" ? { idleTimeoutMs: 200 } : {}),
    });
    using line = await proxy.begin(ask(80));
    const seen = () => signal as AbortSignal | undefined;
    await eventually("the look-up", () => seen() !== undefined);
    if (end === "ended") await proxy.proxy.close();
    if (end === "revoked") {
      proxy.proxy.replace({ ...proxy.proxy.policy, allow: [] });
    }
    assertEquals(await line.rest(), "");
    assertEquals(await proxy.outcome(), [end, true]);
    assertEquals(seen()!.aborted, true);
    assertEquals((await proxy.record()).ip, null);
  }
  late.reject(new Error("It comes too late, and is nobody's"));
});

Deno.test({
  name: "dial warns the operator when this process may not connect",
  permissions: { net: ["127.0.0.1"], read: true },
  fn: async () => {
    await using proxy = proxyTo(80, {
      listener: Deno.listen({ hostname: "127.0.0.1", port: 0 }),
      ranges: new AddressRanges(["127.0.0.0/8"]),
      resolve: () => Promise.resolve(["127.0.0.2"]),
    });
    assertStringIncludes(await proxy.say(ask(80)), "502 Bad Gateway");
    assertEquals(await proxy.outcome(), ["unreachable", true]);
    assertEquals(proxy.warnings.length, 1);
    assertStringIncludes(proxy.warnings[0]!, "127.0.0.2");
  },
});

Deno.test("dial has the host get at once what is written in several pieces", async () => {
  await using host = RawHost.answering(OK);
  await using proxy = proxyTo(host.port);
  const { prototype } = await tcpConnClass();
  const { setNoDelay } = prototype;
  const ports: number[] = [];
  prototype.setNoDelay = function (this: Deno.TcpConn, isOn?: boolean): void {
    if (isOn !== false) ports.push(this.remoteAddr.port);
    setNoDelay.call(this, isOn);
  };
  try {
    assertStringIncludes(await proxy.say(ask(host.port)), "200 OK");
  } finally {
    prototype.setNoDelay = setNoDelay;
  }
  assertEquals(ports, [host.port]);
});

/** The class of Deno's connections, which has no name of its own. */
async function tcpConnClass(): Promise<{ readonly prototype: Deno.TcpConn }> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepting = listener.accept();
  using conn = await Deno.connect({ port: listener.addr.port });
  (await accepting).close();
  return conn.constructor as unknown as { readonly prototype: Deno.TcpConn };
}
