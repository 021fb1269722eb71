import { assertEquals } from "@std/assert";
import { connectTarget, plainTarget } from "../../../backends/egress/target.ts";
import { connect, plain, refused } from "./_targets.ts";

Deno.test("connectTarget reads a host and a port", () => {
  const cases: [string, string, number][] = [
    ["example.com:443", "example.com", 443],
    ["Example.COM.:8443", "example.com", 8443],
    ["1.2.3.4:22", "1.2.3.4", 22],
    ["[2001:DB8::1]:443", "2001:db8::1", 443],
  ];
  for (const [target, host, port] of cases) {
    assertEquals(connectTarget(connect(target)), { host, port }, target);
    const head = connect(target, target);
    assertEquals(connectTarget(head), { host, port }, target);
  }
});

Deno.test("connectTarget refuses what is no host with a port", () => {
  const targets = [
    ...["example.com", "example.com:", ":443", "443", "/", "*"],
    ...["example.com:0", "http://example.com:443", "https://example.com/"],
    ...["//example.com:443", "example.com:443/", "example.com:443/a"],
    ...["example.com:443?a", "a:443#b", "user@example.com:443", "a@b:443"],
    ...["a:b@c:443", "::1:443", "[::1]", "a:1:2", "example.com:https"],
    ...["a b:443", "a\\b:443", "%61:443", "example.com:65536"],
  ];
  for (const target of targets) {
    assertEquals(
      refused(() => connectTarget(connect(target)), "malformed", target),
      [null, null],
    );
  }
});

Deno.test("connectTarget and plainTarget refuse an address in disguise, and report it", () => {
  for (const host of ["2130706433", "0x7f.1", "0177.0.0.1", "127.0.0.1."]) {
    assertEquals(
      refused(() => connectTarget(connect(`${host}:443`)), "internal", host),
      [host, 443],
    );
    const head = plain(`http://${host}/`, host);
    assertEquals(
      refused(() => plainTarget(head), "internal", host),
      [host, 80],
    );
  }
});

Deno.test("plainTarget reads what a proxy is asked for", () => {
  // The target; host, port, path and authority.
  const cases: [string, string, number, string, string][] = [
    ["http://a/", "a", 80, "/", "a"],
    ["http://a", "a", 80, "/", "a"],
    ["HTTP://A:80/B?C=D", "a", 80, "/B?C=D", "a"],
    ["http://a:8080/b//c/../d", "a", 8080, "/b//c/../d", "a:8080"],
    ["http://a?b", "a", 80, "/?b", "a"],
    ["http://a:443?b/c@d:1", "a", 443, "/?b/c@d:1", "a:443"],
    ["http://a?", "a", 80, "/?", "a"],
    ["http://a/http://b/", "a", 80, "/http://b/", "a"],
    ["http://a//b", "a", 80, "//b", "a"],
    ["http://a/@b:c", "a", 80, "/@b:c", "a"],
    ["http://a./%2e%00", "a", 80, "/%2e%00", "a"],
    ["http://1.2.3.4/", "1.2.3.4", 80, "/", "1.2.3.4"],
    ["http://[::0001]/", "::1", 80, "/", "[::1]"],
    ["http://[::1]:8080/", "::1", 8080, "/", "[::1]:8080"],
  ];
  for (const [target, host, port, path, authority] of cases) {
    const head = plain(target, authority);
    const expected = { host, port, path, authority };
    assertEquals(plainTarget(head), expected, target);
    const old = { ...plain(target), version: "1.0" } as const;
    assertEquals(plainTarget(old), expected, target);
  }
});

Deno.test("plainTarget asks for the server's options with an asterisk", () => {
  const cases = { "http://a": "*", "http://a/": "/", "http://a?b": "/?b" };
  for (const [target, path] of Object.entries(cases)) {
    const head = { ...plain(target, "a"), method: "OPTIONS" };
    assertEquals(plainTarget(head).path, path);
  }
});

Deno.test("plainTarget refuses what is no http://host/path", () => {
  const targets = [
    ...["/", "/a", "*", "a", "a:80", "//a/", "http:/a/", "http:a", "http//a"],
    ...["http:", "https://a/", "ftp://a/", "ws://a/", "file:///etc/passwd"],
    ...["httpx://a/", "http://", "http:///", "http:///a", "http://?a"],
    ...["http://:80/", "http://./", "http://user@a/", "http://user:pw@a/"],
    ...["http://@a/", "http://a@b@c/", "http://a#b", "http://a/#b"],
    ...["http://a/b#", "http://a?b#c", "http://a#@b/", "http://a\\b/"],
    ...["http:\\\\a/", "http://a/b\\c", "http://a\\@b/", "http://a/?\\"],
    ...["http://a b/", "http://a/b c", "http://a/\tb", "http://a/\r\nX: y"],
    ...[" http://a/", "http://a/\xe4", "http://\xe4/", "http://a/\u{10a}"],
    ...["http://a/\0", "http://a/ ", "http://a:/", "http://a:0/"],
    ...["http://a:65536/", "http://a:x/", "http://a:80:80/", "http://[::1/"],
    ...["http://::1/", "http://[fe80::1%25lo]/", "http://[a]/"],
    ...["http://a%2fb/", "http://a%00/", "http://a,b/", "http://*.a/"],
    ...["http://-a/", "x http://a/"],
  ];
  for (const target of targets) {
    const head = plain(target, "a");
    assertEquals(
      refused(() => plainTarget(head), "malformed", target),
      [null, null],
      target,
    );
  }
});
