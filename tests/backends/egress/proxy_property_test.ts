import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { almostHttp, bytesOf } from "./_http.ts";
import { hello, name, serverName } from "./_client_hello.ts";
import { TestProxy } from "./_proxy.ts";
import { RawHost } from "./_raw_host.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** A change of some bytes. */
interface Change {
  readonly at: number;
  readonly remove: number;
  readonly insert: Uint8Array;
}

const changes = fc.array(
  fc.record({
    at: fc.nat(400),
    remove: fc.nat(4),
    insert: fc.oneof(
      fc.uint8Array({ maxLength: 4 }),
      fc.constantFrom("\r\n", "\n", " ", "\0", "evil", ":", "0", "@", "/")
        .map(bytesOf),
    ),
  }),
  { maxLength: 4 },
);

function changed(bytes: Uint8Array, list: readonly Change[]): Uint8Array {
  return list.reduce((all, { at, remove, insert }) => {
    const from = Math.min(at, all.length);
    return Uint8Array.from([
      ...all.subarray(0, from),
      ...insert,
      ...all.subarray(from + remove),
    ]);
  }, bytes);
}

/** Requests for `ok.example`, and what may follow them. */
function requests(port: number): Uint8Array[] {
  const at = `ok.example:${port}`;
  const plain = `POST http://${at}/x HTTP/1.1\r\nHost: ${at}\r\n`;
  const connect = `CONNECT ${at} HTTP/1.1\r\nHost: ${at}\r\n\r\n`;
  const first = hello({ extensions: [serverName(name("ok.example"))] });
  return [
    bytesOf(`${plain}\r\nGET http://evil.example/ HTTP/1.1\r\n\r\n`),
    bytesOf(`${plain}Content-Length: 5\r\n\r\nhelloand more`),
    bytesOf(
      `${plain}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
    ),
    Uint8Array.from([...bytesOf(connect), ...first]),
    bytesOf(`${connect}GET / HTTP/1.1\r\n\r\n`),
  ];
}

Deno.test("lesson 39: EgressProxy leaves one record of whatever is sent, and reaches no host but those allowed", async () => {
  await using host = new RawHost(async (line) => {
    await line.some();
    await line.sendSome(OK);
    await line.closeWrite().catch(() => {});
    await line.rest();
  });
  const { port } = host;
  // Whatever else is dialled would be told of here.
  await using proxy = new TestProxy({
    allow: [`ok.example:${port}`],
    idleTimeoutMs: 20_000,
  });
  const sent = fc.oneof(
    almostHttp,
    fc.tuple(fc.constantFrom(...requests(port)), changes)
      .map(([bytes, list]) => changed(bytes, list)),
  );
  let count = 0;
  await fc.assert(
    fc.asyncProperty(sent, fc.integer({ min: 1, max: 200 }), async (
      bytes,
      size,
    ) => {
      const dialled = host.lines.length;
      const looked = proxy.lookUps.length;
      using line = await proxy.connect();
      for (let at = 0; at < bytes.length; at += size) {
        await line.sendSome(bytes.subarray(at, at + size));
      }
      await line.closeWrite().catch(() => {});
      await line.rest();
      line.close();
      assertEquals(proxy.proxy.isOpen, true);
      assertEquals(proxy.warnings, []);
      if (bytes.length === 0) return;
      const record = await proxy.record(count++);
      assertEquals(proxy.records.length, count);
      const isReached = host.lines.length > dialled || record.ip !== null;
      for (const name of proxy.lookUps.slice(looked)) {
        assertEquals(name, "ok.example");
      }
      if (record.bytes_out > 0 || isReached) {
        assertEquals([record.host, record.port], ["ok.example", port]);
        assertEquals(proxy.lookUps.length, looked + 1);
      }
      if (!record.allowed) {
        assert(record.reason !== "closed" && record.reason !== "ended");
      }
      assert(
        // deno-lint-ignore no-control-regex
        !/[\0-\x1f\x7f]/.test(JSON.stringify(record)),
        JSON.stringify(record),
      );
    }),
    { numRuns: 400 },
  );
});

Deno.test("EgressProxy takes whatever a host answers, and passes on nothing that is no answer", async () => {
  let answer = new Uint8Array();
  await using host = new RawHost(async (line) => {
    await line.until("\r\n\r\n");
    await line.sendSome(answer);
  });
  const authority = `ok.example:${host.port}`;
  await using proxy = new TestProxy({ allow: [authority] });
  const answers = [
    OK,
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 404 x\r\nA: b\r\n\r\nto the end",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
    "2;a=b\r\nok\r\n0\r\nT: x\r\n\r\n",
  ].map(bytesOf);
  const sent = fc.oneof(
    almostHttp,
    fc.tuple(fc.constantFrom(...answers), changes)
      .map(([bytes, list]) => changed(bytes, list)),
  );
  let count = 0;
  await fc.assert(
    fc.asyncProperty(sent, async (bytes) => {
      answer = Uint8Array.from(bytes);
      const got = await proxy.say(
        `GET http://${authority}/ HTTP/1.1\r\nHost: ${authority}\r\n\r\n`,
      );
      const { allowed, reason, bytes_in } = await proxy.record(count++);
      assertEquals([allowed, proxy.warnings], [true, []]);
      assert(reason === "closed" || reason === "unreachable", reason);
      assert(bytes_in <= bytes.length);
      assertMatch(got, /^HTTP\/1\.1 [1-5][0-9][0-9] /);
      if (bytes_in === 0) assertMatch(got, /^HTTP\/1\.1 502 /);
    }),
    { numRuns: 300 },
  );
});
