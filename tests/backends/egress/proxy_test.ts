import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { eventually } from "./_line.ts";
import {
  refusalIn,
  requestOf,
  TestProxy,
  type TestProxyOptions,
} from "./_proxy.ts";
import { RawHost } from "./_raw_host.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

function ask(port: number, host = "ok.example", ...fields: string[]): string {
  const authority = `${host}:${port}`;
  return requestOf(`GET http://${authority}/`, `Host: ${authority}`, ...fields);
}

/** A host whose answers to plain requests have no end, and that echoes. */
function endless(): RawHost {
  return new RawHost(async (line) => {
    const first = await line.some();
    if (first.startsWith("POST")) return void await line.rest();
    if (!first.startsWith("GET")) return await line.sendSome(first);
    await line.send("HTTP/1.1 200 OK\r\n\r\nbegun");
    await line.rest();
  });
}

function tcpRule(port: number, host = "ok.example") {
  return { host, port, tcp: true };
}

Deno.test("EgressProxy turns away who is one too many, records it, and takes others later", async () => {
  await using host = endless();
  const { port } = host;
  await using proxy = new TestProxy({
    allow: [tcpRule(port)],
    connectionsMax: 2,
  });
  const lines = [
    await proxy.begin("G"),
    await proxy.tunnel(`ok.example:${port}`),
  ];
  for (let i = 0; i < 5; i++) {
    using line = await proxy.begin(ask(port));
    const got = await line.rest();
    assertStringIncludes(got, "HTTP/1.1 503 Service Unavailable\r\n");
    assertEquals(refusalIn(got).reason, "connections_max");
    // Whoever passes it on can send what it has, and loses no answer.
    if (i < 2) await line.send("x".repeat(10_000));
    assertEquals(line.wasReset, false);
  }
  for (let i = 0; i < 5; i++) {
    assertEquals(await proxy.outcome(i), ["connections_max", false]);
    const { host: name, bytes_in, bytes_out } = await proxy.record(i);
    assertEquals([name, bytes_in, bytes_out], [null, 0, 0]);
  }
  assertEquals([proxy.proxy.open, host.lines.length], [2, 1]);
  lines[1]!.close();
  await proxy.record(5);
  const download = await proxy.begin(ask(port));
  await download.until("begun");
  assertEquals(proxy.proxy.open, 2);
});

Deno.test("EgressProxy keeps few of those waiting that it turns away", async () => {
  await using proxy = new TestProxy({ allow: [], connectionsMax: 1 });
  using _first = await proxy.begin("G");
  await eventually("it", () => proxy.proxy.open === 1);
  const others = await Promise.all(
    Array.from({ length: 50 }, () => proxy.begin("G")),
  );
  // All but one of them are over though they have not closed.
  await proxy.record(48);
  for (const line of others) {
    assertStringIncludes(await line.rest(), "503");
    line.close();
  }
  await proxy.record(49);
  assertEquals(
    new Set(proxy.records.map(({ reason }) => reason)),
    new Set(["connections_max"]),
  );
});

Deno.test("lesson 39: EgressProxy gives each attempt to its callback and to all who iterate", async () => {
  await using host = RawHost.answering(OK);
  const { port } = host;
  await using proxy = new TestProxy({ allow: [`ok.example:${port}`] });
  await proxy.say(ask(port));
  await proxy.record(0);
  const cancelled = new AbortController();
  const readers = [
    proxy.proxy.attempts(),
    proxy.proxy.attempts(cancelled.signal),
  ];
  await proxy.say("nonsense\r\n\r\n");
  await proxy.record(1);
  for (const reader of readers) {
    for (const record of proxy.records) {
      assertEquals((await reader.next()).value, record);
    }
  }
  for (const record of proxy.records) {
    assert(Object.isFrozen(record));
    assertEquals(record.sandbox, "box");
  }
  cancelled.abort();
  assertEquals((await readers[1]!.next()).done, true);
  const waiting = readers[0]!.next();
  await proxy.proxy.close();
  assertEquals((await waiting).done, true);
});

Deno.test("lesson 39: EgressProxy takes no connection while one who iterates is 1000 behind", async () => {
  await using proxy = new TestProxy({ allow: [] });
  const reader = proxy.proxy.attempts();
  for (let i = 0; i < 999; i++) await proxy.say("x\r\n\r\n");
  await proxy.record(998);
  // One is being waited for already; behind it, nobody is taken.
  await proxy.say("x\r\n\r\n");
  await proxy.record(999);
  const held = await Promise.all([
    proxy.begin("x\r\n\r\n"),
    proxy.begin("x\r\n\r\n"),
    proxy.begin("x\r\n\r\n"),
  ]);
  await held[0]!.until("\r\n\r\n").catch(() => {});
  held[0]!.close();
  await proxy.record(1000);
  assertEquals([proxy.records.length, proxy.proxy.open], [1001, 0]);
  await reader.next();
  await reader.next();
  for (const line of held.slice(1)) {
    assertStringIncludes(await line.rest(), "400 Bad Request");
    line.close();
    await reader.next();
  }
  await proxy.record(1002);
});

for (const isLate of [false, true]) {
  const when = isLate ? "rejects" : "throws";
  Deno.test(`lesson 37: EgressProxy closes when its callback ${when}`, async () => {
    await using host = endless();
    const { port } = host;
    let fails = false;
    await using proxy = new TestProxy({
      allow: [tcpRule(port)],
      onAttempt: () => {
        if (!fails) return;
        if (isLate) return Promise.reject(new Error("disk full"));
        throw new Error("disk full");
      },
    });
    await proxy.say(ask(1));
    const download = await proxy.begin(ask(port));
    await download.until("begun");
    await proxy.record(0);
    assertEquals([proxy.proxy.isOpen, proxy.warnings], [true, []]);
    fails = true;
    await proxy.say(ask(1));
    await download.rest();
    assertEquals(await proxy.outcome(2), ["ended", true]);
    assertEquals(proxy.proxy.isOpen, false);
    assertEquals(proxy.warnings.length, 1);
    assertStringIncludes(proxy.warnings[0]!, "sandbox box is closed");
    assertStringIncludes(proxy.warnings[0]!, "disk full");
    // Nobody is taken any more.
    const late = await proxy.begin(ask(port)).catch(() => undefined);
    if (late !== undefined) assertEquals(await late.rest(), "");
    assertEquals(proxy.records.length, 3);
  });
}

Deno.test("lesson 37: EgressProxy has closed before it warns of a lost record", async () => {
  const seen: boolean[] = [];
  const options: TestProxyOptions = {
    allow: [],
    onAttempt: () => {
      throw new Error("disk full");
    },
    onWarning: () => seen.push(proxy.proxy.isOpen),
  };
  await using proxy = new TestProxy(options);
  await proxy.say("x\r\n\r\n");
  await eventually("the warning", () => seen.length > 0);
  assertEquals(seen, [false]);
});

Deno.test("lesson 39: EgressProxy warns of records that are lost while it closes", async () => {
  await using proxy = new TestProxy({
    allow: ["slow.example"],
    resolve: () => new Promise<string[]>(() => {}),
    onAttempt: () => Promise.reject(new Error("disk full")),
  });
  for (const _ of [1, 2]) await proxy.begin(ask(80, "slow.example"));
  await eventually("both", () => proxy.lookUps.length === 2);
  await proxy.proxy.close();
  assertEquals(proxy.records.length, 2);
  assertEquals(proxy.warnings.length, 1);
});

Deno.test("lesson 37: EgressProxy closes, and says so, when its listener fails", async () => {
  const failed = Promise.withResolvers<Deno.Conn>();
  const real = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using host = endless();
  const { port } = host;
  let taken = 0;
  const listener = {
    addr: real.addr,
    accept: () => taken++ === 0 ? real.accept() : failed.promise,
    close: () => real.close(),
  } as unknown as Deno.Listener;
  await using proxy = new TestProxy({
    allow: [`ok.example:${port}`],
    listener,
  });
  const download = await proxy.begin(ask(port));
  await download.until("begun");
  failed.reject(new Error("no more descriptors"));
  await download.rest();
  assertEquals(await proxy.outcome(), ["ended", true]);
  assertEquals(proxy.proxy.isOpen, false);
  assertStringIncludes(proxy.warnings[0]!, "no more descriptors");
});

Deno.test("lesson 37: EgressProxy serves none that came while it was closed", async () => {
  const accepted = Promise.withResolvers<Deno.Conn>();
  const real = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const listener = {
    addr: real.addr,
    accept: () => accepted.promise,
    close: () => real.close(),
  } as unknown as Deno.Listener;
  await using proxy = new TestProxy({ allow: ["ok.example"], listener });
  using client = await proxy.begin(ask(80));
  accepted.resolve(await real.accept());
  await proxy.proxy.close();
  assertEquals(await client.rest(), "");
  assertEquals([proxy.lookUps, proxy.records], [[], []]);
});

Deno.test("EgressProxy.close ends whatever goes on, and waits for its records", async () => {
  await using host = endless();
  const { port } = host;
  const told: string[] = [];
  await using proxy = new TestProxy({
    allow: [tcpRule(port), tcpRule(port, "slow.example")],
    connectionsMax: 6,
    resolve: (name) =>
      name === "slow.example"
        ? new Promise<string[]>(() => {})
        : Promise.resolve(["127.0.0.1"]),
    onAttempt: async ({ reason }) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      told.push(reason);
    },
  });
  const download = await proxy.begin(ask(port));
  await download.until("begun");
  const upload = ask(port, "ok.example", "Content-Length: 50");
  const lines = [
    download,
    await proxy.begin("GET http://ok"),
    await proxy.begin(ask(port, "slow.example")),
    await proxy.begin(upload.replace("GET", "POST") + "x"),
    await proxy.tunnel(`ok.example:${port}`),
  ];
  const refused = await proxy.begin(ask(1));
  await refused.until("\r\n\r\n");
  const turnedAway = await proxy.begin(ask(port));
  await turnedAway.until("\r\n\r\n");
  await eventually("the look-up", () => proxy.lookUps.includes("slow.example"));
  assertEquals([proxy.proxy.open, told], [6, []]);
  await Promise.all([proxy.proxy.close(), proxy.proxy.close()]);
  assertEquals(told.sort(), [
    "connections_max",
    ...Array(5).fill("ended"),
    "not_allowed",
  ]);
  for (const line of lines) {
    await line.rest();
    assertEquals(await line.rest(), "");
  }
  for (const line of host.lines) await line.rest();
  assertEquals([proxy.proxy.open, proxy.warnings], [0, []]);
  await proxy.proxy.close();
});
