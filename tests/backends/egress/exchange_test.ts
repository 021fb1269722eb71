import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { request } from "node:http";
import { eventually } from "./_line.ts";
import { requestOf, TestProxy } from "./_proxy.ts";
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

Deno.test("exchange passes a request on as the host is to see it, and its answer", async () => {
  await using host = RawHost.answering(
    "HTTP/1.1 200 Fine\r\nX-A: 1\r\nKeep-Alive: timeout=5\r\n" +
      "Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nContent-Length: 2\r\n\r\nok" +
      "HTTP/1.1 200 Second\r\n\r\n",
  );
  await using proxy = before(host);
  const asked = ask(
    host,
    "GET",
    "Proxy-Connection: keep-alive",
    "Proxy-Authorization: Basic eHg=",
    "Connection: x-mine, close",
    "X-Mine: 1",
    "TE: trailers",
    "Upgrade: websocket",
    "X-Other: yes",
  );
  assertEquals(
    await proxy.say(asked),
    "HTTP/1.1 200 Fine\r\nX-A: 1\r\nContent-Length: 2\r\n" +
      "Connection: close\r\n\r\nok",
  );
  const { host: name, port, ip, scheme, method, bytes_in, bytes_out } =
    await proxy.record();
  const sent = `GET /path?q HTTP/1.1\r\nHost: ok.example:${host.port}\r\n` +
    "X-Other: yes\r\nConnection: close\r\n\r\n";
  assertEquals([name, port, ip, scheme, method], [
    "ok.example",
    host.port,
    "127.0.0.1",
    "http",
    "GET",
  ]);
  assertEquals(bytes_out, sent.length);
  assert(bytes_in > 2, String(bytes_in));
  assertEquals(await proxy.outcome(), ["closed", true]);
  assertEquals(proxy.lookUps, ["ok.example"]);
});

Deno.test("exchange sends the head in one spelling, with one Host", async () => {
  const heads: string[] = [];
  await using host = new RawHost(async (line) => {
    heads.push(await line.until("\r\n\r\n"));
    await line.send(OK);
  });
  await using proxy = before(host);
  const authority = `OK.Example.:${host.port}`;
  await proxy.say(`get HTTP://${authority} HTTP/1.0\r\nA:\t b \r\n\r\n`);
  await proxy.say(
    requestOf(`OPTIONS http://${authority}`, `host:${authority}`),
  );
  const own = `Host: ok.example:${host.port}\r\n`;
  assertEquals(heads, [
    `get / HTTP/1.0\r\n${own}A: b\r\nConnection: close\r\n\r\n`,
    `OPTIONS * HTTP/1.1\r\n${own}Connection: close\r\n\r\n`,
  ]);
});

Deno.test("lesson 40: exchange passes nothing on of what is behind a request and its body", async () => {
  const after = "GET /evil HTTP/1.1\r\nHost: evil.example\r\n\r\n";
  const bodies: [fields: string[], body: string][] = [
    [[], ""],
    [["Content-Length: 0"], ""],
    [["Content-Length: 5"], "hello"],
    [
      ["Transfer-Encoding: chunked"],
      "5;x=y\r\nhello\r\n0\r\nT: 1\r\n\r\n",
    ],
    [["Transfer-Encoding: Chunked"], "0\r\n\r\n"],
  ];
  await using host = new RawHost(async (line) => {
    await line.until("last byte of it").catch(() => {});
  });
  await using proxy = before(host, { idleTimeoutMs: 60_000 });
  for (const [index, [fields, body]] of bodies.entries()) {
    for (const isWhole of [true, false]) {
      const nth = host.lines.length;
      const text = ask(host, "POST", ...fields) + body + after + after;
      using client = await proxy.connect();
      if (isWhole) await client.send(text);
      else {
        for (let at = 0; at < text.length; at += 7) {
          await client.sendSome(text.slice(at, at + 7));
        }
      }
      await client.closeWrite().catch(() => {});
      // What the host has got is whole once the proxy has seen what is behind.
      await eventually("a connection", () => host.lines.length > nth);
      const line = host.lines[nth]!;
      const framing = fields.map((field) =>
        `${field.replace("Chunked", "chunked")}\r\n`
      );
      const wanted =
        `POST /path?q HTTP/1.1\r\nHost: ok.example:${host.port}\r\n` +
        `${framing.join("")}Connection: close\r\n\r\n${body}`;
      await eventually("it", () => line.read.length >= wanted.length);
      line.close();
      client.close();
      await proxy.record(index * 2 + (isWhole ? 0 : 1));
      assertEquals(line.read, wanted);
    }
  }
  assertEquals(host.lines.length, bodies.length * 2);
});

Deno.test("exchange passes bodies of every framing back, and not what is behind them", async () => {
  const answers: [answer: string, wanted: string][] = [
    [
      "204 No Content\r\n\r\nbody",
      "204 No Content\r\nConnection: close\r\n\r\n",
    ],
    [
      "304 Not Modified\r\nContent-Length: 5\r\n\r\nhello",
      "304 Not Modified\r\nContent-Length: 5\r\nConnection: close\r\n\r\n",
    ],
    [
      "200 OK\r\n\r\nto the end",
      "200 OK\r\nConnection: close\r\n\r\nto the end",
    ],
    [
      "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nHTTP/1.1",
      "200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n" +
      "2\r\nok\r\n0\r\n\r\n",
    ],
    ["200\r\nContent-Length: 0\r\n\r\nx", ""],
  ];
  for (const [answer, wanted] of answers) {
    await using host = RawHost.answering(`HTTP/1.1 ${answer}`);
    await using proxy = before(host);
    const got = await proxy.say(ask(host, "GET"));
    if (wanted === "") assertStringIncludes(got, "HTTP/1.1 200 \r\n");
    else assertEquals(got, `HTTP/1.1 ${wanted}`);
    assertEquals(await proxy.outcome(), ["closed", true]);
  }
});

Deno.test("exchange passes no body back for HEAD", async () => {
  await using host = RawHost.answering(OK);
  await using proxy = before(host);
  assertEquals(
    await proxy.say(ask(host, "HEAD")),
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n",
  );
  assertEquals(await proxy.outcome(), ["closed", true]);
});

Deno.test("exchange passes interim answers on, and 100 (Continue) to who waits for it", async () => {
  await using host = new RawHost(async (line) => {
    await line.until("\r\n\r\n");
    await line.send(
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" +
        "HTTP/1.1 100 Continue\r\n\r\n",
    );
    await line.until("the body");
    await line.send(OK);
  });
  await using proxy = new TestProxy({
    allow: [`ok.example:${host.port}`],
    listener: Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  });
  const answer = Promise.withResolvers<string>();
  const asking = request({
    host: "127.0.0.1",
    port: proxy.port,
    method: "PUT",
    path: `http://ok.example:${host.port}/`,
    headers: {
      host: `ok.example:${host.port}`,
      expect: "100-continue",
      "content-length": 8,
    },
  }, (response) => {
    let text = `${response.statusCode} `;
    response.on("data", (data) => text += data);
    response.on("end", () => answer.resolve(text));
  });
  asking.on("error", answer.reject);
  asking.on("continue", () => asking.end("the body"));
  asking.flushHeaders();
  assertEquals(await answer.promise, "200 ok");
  assertEquals(await proxy.outcome(), ["closed", true]);
});

Deno.test("exchange waits for the answer of a host though its client has said all it will", async () => {
  await using host = new RawHost(async (line) => {
    await line.until("\r\n\r\nhello");
    await line.send(OK);
  });
  await using proxy = before(host);
  using client = await proxy.begin(
    ask(host, "POST", "Content-Length: 5") + "hello",
  );
  await client.closeWrite();
  assertStringIncludes(await client.rest(), "\r\n\r\nok");
});

Deno.test("exchange passes megabytes on both ways, and counts each byte", async () => {
  const size = 3_000_000;
  const body = new Uint8Array(size).fill(97);
  await using host = new RawHost(async (line) => {
    const head = await line.until("\r\n\r\n");
    await line.take(size);
    await line.send(
      `HTTP/1.1 200 OK\r\nX-Head: ${head.length}\r\n` +
        `Content-Length: ${size}\r\n\r\n`,
    );
    await line.send(body);
  });
  await using proxy = before(host);
  using client = await proxy.begin(
    ask(host, "POST", `Content-Length: ${size}`),
  );
  const reading = client.until("\r\n\r\n").then(async (head) =>
    [head, (await client.rest()).length] as const
  );
  await client.send(body);
  const [head, length] = await reading;
  const { bytes_out, bytes_in } = await proxy.record();
  const sent = Number(/X-Head: (\d+)/.exec(head)![1]);
  // What the host sent had no `Connection: close`.
  const got = head.length - "Connection: close\r\n".length;
  assertEquals([length, bytes_out - sent, bytes_in - got], [size, size, size]);
});
