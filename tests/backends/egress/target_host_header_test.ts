import { assertEquals, assertThrows } from "@std/assert";
import {
  connectTarget,
  hostHeader,
  plainTarget,
  RefusedTarget,
} from "../../../backends/egress/target.ts";
import { requestWith } from "./_http.ts";
import { connect, plain, refused } from "./_targets.ts";

Deno.test("lesson 40: plainTarget refuses a Host that is not the target's", () => {
  const cases: [string, string][] = [
    ["http://a/", "b"],
    ["http://a/", "a:8080"],
    ["http://a:8080/", "a"],
    ["http://a:8080/", "a:80"],
    ["http://a:8080/", "a:8081"],
    ["http://a/", "www.a"],
    ["http://a/", "a.a"],
    ["http://1.2.3.4/", "[::ffff:1.2.3.4]"],
    ["http://[::1]/", "[::2]"],
    ["http://localhost/", "127.0.0.1"],
    // An address in disguise is not what it stands for.
    ["http://127.0.0.1/", "2130706433"],
    ["http://127.0.0.1/", "127.1"],
  ];
  for (const [target, host] of cases) {
    const head = plain(target, host);
    const { hostname, port } = new URL(target);
    assertEquals(
      refused(() => plainTarget(head), "mismatch", `${target} ${host}`),
      [hostname.replace(/[[\]]/g, ""), Number(port || 80)],
    );
  }
});

Deno.test("lesson 40: connectTarget refuses a Host that is not the target's", () => {
  const cases = {
    "a:443": ["b", "b:443", "a:80", "a:444", "www.a:443", "2130706433"],
    "[::1]:443": ["[::2]:443", "[::1]:80"],
    "127.0.0.1:443": ["localhost:443", "127.1:443", "0x7f000001"],
  };
  for (const [target, hosts] of Object.entries(cases)) {
    for (const host of hosts) {
      const head = connect(target, host);
      const [asked, port] = refused(
        () => connectTarget(head),
        "mismatch",
        `${target} ${host}`,
      );
      assertEquals(asked, connectTarget(connect(target)).host);
      assertEquals(port, 443);
    }
  }
});

Deno.test("lesson 40: plainTarget and connectTarget take a Host in any spelling of the same", () => {
  const cases: [string, string][] = [
    ["http://a/", "A."],
    ["http://a/", "a:80"],
    ["http://A.:80/", "a"],
    ["http://a:8080/", "a:8080"],
    ["http://[::1]/", "[0:0::1]:80"],
  ];
  for (const [target, host] of cases) plainTarget(plain(target, host));
  for (const host of ["a", "A.", "a:443", "A:443"]) {
    assertEquals(connectTarget(connect("a:443", host)).host, "a");
  }
});

Deno.test("lesson 40: plainTarget and connectTarget take no second Host, not even the same", () => {
  for (
    const hosts of [["a", "a"], ["a", "b"], ["b", "a"], ["", "a"], ["a", ""]]
  ) {
    const what = hosts.join();
    assertEquals(
      refused(
        () => plainTarget(plain("http://a/", ...hosts)),
        "malformed",
        what,
      ),
      ["a", 80],
    );
    assertEquals(
      refused(() => connectTarget(connect("a:1", ...hosts)), "malformed", what),
      ["a", 1],
    );
  }
});

Deno.test("plainTarget and connectTarget refuse a Host that is none", () => {
  const hosts = [
    ...["", ":80", "a b", "a, a", "a,b", "http://a", "a/", "user@a", "a:0"],
    ...["a:", "a:x", "a:65536", "a:80:80", "[a]", "[::1", "a%00", "\xe4"],
    ...["a\\b", "*", "."],
  ];
  for (const host of hosts) {
    assertEquals(
      refused(() => plainTarget(plain("http://a/", host)), "malformed", host),
      ["a", 80],
    );
    assertEquals(
      refused(() => connectTarget(connect("a:443", host)), "malformed", host),
      ["a", 443],
    );
  }
});

Deno.test("plainTarget wants a Host in HTTP/1.1, connectTarget does not", () => {
  assertEquals(
    refused(() => plainTarget(plain("http://a:81/")), "malformed", "no Host"),
    ["a", 81],
  );
  assertEquals(connectTarget(connect("a:443")).port, 443);
});

Deno.test("hostHeader reads the one field that there is", () => {
  assertEquals(hostHeader(plain("/"), 80), undefined);
  assertEquals(hostHeader(plain("/", "A:81"), 80), { host: "a", port: 81 });
  assertEquals(hostHeader(requestWith(["hOST: a"]), 80)?.port, 80);
  assertThrows(
    () => hostHeader(plain("/", "a", "a"), 80),
    RefusedTarget,
    "2 Host",
  );
});
