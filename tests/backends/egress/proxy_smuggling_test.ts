import { assertEquals, assertStringIncludes } from "@std/assert";
import { TestProxy } from "./_proxy.ts";
import { RawHost } from "./_raw_host.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
/** What a request hides behind another one. */
const HIDDEN = "GET /hidden HTTP/1.1\r\nHost: evil.example\r\n\r\n";

/** Lines of a head, of which the last ends it; `@` is the host and its port. */
type Case = readonly [why: string, ...lines: string[]];

/** Requests that some readers take for one, and others for two. */
const REFUSED: readonly Case[] = [
  ["both framings", "Content-Length: 4", "Transfer-Encoding: chunked"],
  ["both, turned", "Transfer-Encoding: chunked", "Content-Length: 4"],
  ["two lengths", "Content-Length: 4", "Content-Length: 5"],
  ["one length twice", "Content-Length: 4", "Content-Length: 4"],
  ["a list of lengths", "Content-Length: 4, 4"],
  ["a signed length", "Content-Length: +4"],
  ["a negative length", "Content-Length: -4"],
  ["a length in hexadecimal", "Content-Length: 0x4"],
  ["a length in octal", "Content-Length: 04"],
  ["a length with a blank", "Content-Length: 4 4"],
  ["a length that is none", "Content-Length: four"],
  ["an empty length", "Content-Length:"],
  ["a length with a point", "Content-Length: 4.0"],
  ["a length beyond numbers", "Content-Length: 99999999999999999999"],
  ["a blank before the colon", "Content-Length : 4"],
  ["a tab before the colon", "Transfer-Encoding\t: chunked"],
  ["a continued line", "A: b", " Transfer-Encoding: chunked"],
  ["a continued value", "Transfer-Encoding:", " chunked"],
  ["a coding of two", "Transfer-Encoding: gzip, chunked"],
  ["a coding twice", "Transfer-Encoding: chunked, chunked"],
  ["two codings", "Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
  ["identity", "Transfer-Encoding: identity"],
  ["a quoted coding", 'Transfer-Encoding: "chunked"'],
  ["a coding with a parameter", "Transfer-Encoding: chunked;q=1"],
  ["a coding like chunked", "Transfer-Encoding: xchunked"],
  ["a coding in Unicode", "Transfer-Encoding: chun\xe2\x84\xaaed"],
  ["a vertical tab", "Transfer-Encoding:\x0bchunked"],
  ["a NUL", "Transfer-Encoding: chunked\0"],
  ["a lone CR", "A: b\rTransfer-Encoding: chunked"],
  ["a lone LF", "A: b\nTransfer-Encoding: chunked"],
  ["an underscore", "Transfer_Encoding: chunked"],
  ["an underscore in the length", "Content_Length: 4"],
  ["no colon", "Transfer-Encoding chunked"],
  ["no name", ": chunked"],
  ["a second Host", "Host: @"],
  ["a framing that is taken away", "Connection: Transfer-Encoding"],
  ["a length that is taken away", "Connection: close, content-length"],
  ["a Host that is taken away", "Connection: host"],
];

/** Bodies that some readers take to end where others do not. */
const BODIES: readonly (readonly [why: string, body: string])[] = [
  ["a size with a sign", `+0\r\n\r\n${HIDDEN}`],
  ["a size with 0x", `0x0\r\n\r\n${HIDDEN}`],
  ["a size with a blank before", ` 0\r\n\r\n${HIDDEN}`],
  ["a size with a blank behind", `0 \r\n\r\n${HIDDEN}`],
  ["a size that overflows", `10000000000000000\r\n${HIDDEN}`],
  ["a bare LF behind a size", `0\n\n${HIDDEN}`],
  ["a bare CR behind a size", `0\r\r${HIDDEN}`],
  ["an LF in an extension", `0;a\nb\r\n\r\n${HIDDEN}`],
  ["a CR in an extension", `0;a\rb\r\n\r\n${HIDDEN}`],
  ["no CRLF behind the data", `1\r\nx${HIDDEN}`],
  ["a bare LF behind the data", `1\r\nx\n0\r\n\r\n${HIDDEN}`],
  ["a negative size", `-1\r\n\r\n${HIDDEN}`],
  ["an empty size", `\r\n\r\n${HIDDEN}`],
  ["a framing among the trailers", `0\r\nContent-Length: 9\r\n\r\n${HIDDEN}`],
  ["a trailer that is none", `0\r\nGET /hidden HTTP/1.1\r\n\r\n`],
];

/** A host that keeps what it gets. */
function witness(): RawHost {
  return new RawHost(async (line) => {
    await line.until("\r\n\r\n").then(() => line.sendSome(OK), () => {});
    await line.rest();
  });
}

Deno.test("lesson 40: EgressProxy refuses requests that could be taken for two, and tells nobody of them", async () => {
  await using host = witness();
  const authority = `ok.example:${host.port}`;
  await using proxy = new TestProxy({ allow: [authority] });
  for (const [index, [why, ...lines]] of REFUSED.entries()) {
    const head = [
      `POST http://${authority}/ HTTP/1.1`,
      `Host: ${authority}`,
      ...lines.map((line) => line.replace("@", authority)),
    ];
    const text = `${head.join("\r\n")}\r\n\r\n0\r\n\r\n${HIDDEN}`;
    assertStringIncludes(await proxy.say(text), "400 Bad Request", why);
    assertEquals(await proxy.outcome(index), ["malformed", false], why);
  }
  assertEquals([host.lines.length, proxy.lookUps], [0, []]);
});

Deno.test("lesson 40: EgressProxy ends a body at the first byte that readers differ about", async () => {
  for (const [why, body] of BODIES) {
    let got = "";
    await using host = new RawHost(async (line) => {
      await line.until("\r\n\r\n");
      got = await line.rest();
    });
    const authority = `ok.example:${host.port}`;
    await using proxy = new TestProxy({ allow: [authority] });
    const head = [
      `POST http://${authority}/ HTTP/1.1`,
      `Host: ${authority}`,
      "Transfer-Encoding: chunked",
    ].join("\r\n");
    const said = await proxy.say(`${head}\r\n\r\n${body}`);
    assertStringIncludes(said, "400 Bad Request", why);
    assertEquals(await proxy.outcome(), ["malformed", false], why);
    await host.lines[0]!.rest();
    assertEquals(got, "", why);
  }
});

Deno.test("lesson 40: EgressProxy refuses targets that could be taken for other hosts", async () => {
  await using host = witness();
  const { port } = host;
  const authority = `ok.example:${port}`;
  await using proxy = new TestProxy({ allow: [authority] });
  const targets = [
    `http://evil.example@${authority}/`,
    `http://${authority}@evil.example/`,
    `http://${authority}\\@evil.example/`,
    `http://${authority}#@evil.example/`,
    `http:/\\${authority}/`,
    `http:${authority}/`,
    `//${authority}/`,
    `/`,
    `*`,
    `http://ok.example:0${port}/`,
    `http://ok.example:+${port}/`,
    `http://ok.example:${port + 65536}/`,
    `http://ok.example:/`,
    `http://ok.example..:${port}/`,
    `http://ok%2eexample:${port}/`,
    `http://ok.example%00:${port}/`,
    `http://ok_.example\x80:${port}/`,
    `http://[ok.example]:${port}/`,
    `http:///${authority}/`,
    `https://${authority}/`,
    `ftp://${authority}/`,
    authority,
  ];
  for (const target of targets) {
    const got = await proxy.say(
      `GET ${target} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`,
    );
    assertStringIncludes(got, "HTTP/1.1 4", target);
  }
  const hosts = [
    "evil.example",
    "ok.example",
    `ok.example:${port === 1 ? 2 : 1}`,
    `evil.ok.example:${port}`,
    `ok.example.:${port}x`,
    `ok.example:${port}, evil.example`,
    "",
    " ",
    "127.0.0.1",
  ];
  for (const field of hosts) {
    const got = await proxy.say(
      `GET http://${authority}/ HTTP/1.1\r\nHost: ${field}\r\n\r\n`,
    );
    assertStringIncludes(got, "HTTP/1.1 4", field);
  }
  await proxy.record(targets.length + hosts.length - 1);
  for (const { allowed, ip, bytes_out } of proxy.records) {
    assertEquals([allowed, ip, bytes_out], [false, null, 0]);
  }
  assertEquals([host.lines.length, proxy.lookUps], [0, []]);
});
