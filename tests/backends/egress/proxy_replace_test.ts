import { assertEquals, assertStringIncludes } from "@std/assert";
import { eventually, type Line } from "./_line.ts";
import { connectTo, policy, requestOf, TestProxy } from "./_proxy.ts";
import { RawHost } from "./_raw_host.ts";

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

Deno.test("EgressProxy.replace cuts at once what lost its grant, and leaves the rest", async () => {
  await using host = new RawHost(async (line) => {
    const first = await line.some();
    if (first.startsWith("GET")) {
      await line.send("HTTP/1.1 200 OK\r\n\r\nbegun");
    }
    for (let text = first; text !== ""; text = await line.some()) {
      await line.sendSome(text);
    }
  });
  const { port } = host;
  const names = ["ok.example", "gone.example"];
  await using proxy = new TestProxy({
    allow: names.map((name) => tcpRule(port, name)),
  });
  const lines: Line[] = [];
  for (const name of names) {
    const tunnel = await proxy.tunnel(`${name}:${port}`);
    await tunnel.send("echo");
    await tunnel.take(4);
    const download = await proxy.begin(ask(port, name));
    await download.until("begun");
    lines.push(tunnel, download);
  }
  assertEquals(proxy.proxy.open, 4);
  proxy.proxy.replace(policy([tcpRule(port)]));
  await lines[2]!.rest();
  await lines[3]!.rest();
  assertEquals(await proxy.outcome(0), ["revoked", true]);
  assertEquals(await proxy.outcome(1), ["revoked", true]);
  assertEquals(proxy.records.map(({ host }) => host), [
    "gone.example",
    "gone.example",
  ]);
  assertEquals(proxy.proxy.open, 2);
  await lines[0]!.send("on");
  assertEquals(await lines[0]!.take(2), "on");
  // The next one that asks is refused, and tells nobody's name to the resolver.
  const { length } = proxy.lookUps;
  assertStringIncludes(await proxy.say(ask(port, "gone.example")), "403");
  assertEquals(proxy.lookUps.length, length);
  proxy.proxy.replace(policy([]));
  await lines[0]!.rest();
  await lines[1]!.rest();
  await proxy.record(4);
  assertEquals(proxy.records.slice(3).map(({ reason }) => reason), [
    "revoked",
    "revoked",
  ]);
});

Deno.test("EgressProxy.replace cuts tunnels that are not TLS, when tcp is taken away", async () => {
  await using host = new RawHost(async (line) => {
    await line.send("hello");
    await line.rest();
  });
  const { port } = host;
  await using proxy = new TestProxy({ allow: [tcpRule(port)] });
  const spoken = await proxy.tunnel(`ok.example:${port}`);
  await spoken.until("hello");
  await spoken.send("not TLS");
  // One that has said nothing yet is no better: the host has.
  const silent = await proxy.tunnel(`ok.example:${port}`);
  await silent.until("hello");
  proxy.proxy.replace(policy([`ok.example:${port}`]));
  assertEquals([await spoken.rest(), await silent.rest()], ["", ""]);
  for (const index of [0, 1]) {
    assertEquals(await proxy.outcome(index), ["revoked", true]);
    assertEquals((await proxy.record(index)).scheme, "tcp");
  }
});

Deno.test("EgressProxy.replace cuts what is being looked up, dialled or asked for", async () => {
  await using host = new RawHost(async (line) => {
    await line.rest();
  });
  const { port } = host;
  const looking = Promise.withResolvers<string[]>();
  await using proxy = new TestProxy({
    allow: [`ok.example:${port}`, `slow.example:${port}`],
    resolve: (name) =>
      name === "slow.example"
        ? looking.promise
        : Promise.resolve(["127.0.0.1"]),
  });
  const lines = [
    await proxy.begin(ask(port, "slow.example")),
    await proxy.begin(connectTo(`slow.example:${port}`)),
    await proxy.begin(ask(port)),
  ];
  await eventually("the look-ups", () => proxy.lookUps.length === 3);
  await eventually("the request", () => host.lines.length === 1);
  proxy.proxy.replace(policy(["other.example"]));
  looking.resolve(["127.0.0.1"]);
  for (const line of lines) assertEquals(await line.rest(), "");
  for (const index of [0, 1, 2]) {
    assertEquals(await proxy.outcome(index), ["revoked", true]);
  }
  assertEquals(host.lines.length, 1);
});

Deno.test("EgressProxy.replace cuts for methods, too, but not who has asked for nothing", async () => {
  await using host = endless();
  const { port } = host;
  await using proxy = new TestProxy({ allow: [`ok.example:${port}`] });
  const download = await proxy.begin(ask(port));
  await download.until("begun");
  const half = await proxy.begin("GET http://ok.example");
  await eventually("both", () => proxy.proxy.open === 2);
  const rule = { host: "ok.example", port, methods: ["PUT"] };
  proxy.proxy.replace(policy([rule]));
  await download.rest();
  assertEquals(await proxy.outcome(), ["revoked", true]);
  assertEquals(proxy.proxy.open, 1);
  await half.send(`:${port}/ HTTP/1.1\r\nHost: ok.example:${port}\r\n\r\n`);
  assertStringIncludes(await half.rest(), "403 Forbidden");
  half.close();
  assertEquals(await proxy.outcome(1), ["method", false]);
});
