import { assert, assertEquals } from "@std/assert";
import {
  type FirstBytes,
  readClientHello,
} from "../../../backends/egress/client_hello.ts";
import {
  ascii,
  body,
  contents,
  ENCRYPTED,
  type Extension,
  hello,
  type HelloParts,
  join,
  message,
  name,
  number,
  record,
  records,
  serverName,
  vector,
} from "./_client_hello.ts";
import { OPENSSL_HELLOS } from "./_openssl_hellos.ts";

/** A ClientHello with this name, and none encrypted in it. */
function naming(serverName: string | null): FirstBytes {
  return { kind: "tls", serverName, isEncrypted: false };
}

const named = naming("api.example.com");

/** What a client sends that connects to a port, before it gets an answer. */
async function firstOf(
  connect: (port: number) => Promise<unknown>,
): Promise<Uint8Array> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const attempt = connect(port).then(
    () => assert(false, "the handshake succeeded with nobody"),
    (error) => assert(error instanceof Error),
  );
  const bytes = new Uint8Array(65_536);
  let length = 0;
  {
    using conn = await listener.accept();
    while (readClientHello(bytes.subarray(0, length)).kind === "more") {
      const count = await conn.read(bytes.subarray(length));
      assert(count !== null, "the client closed before it was done");
      length += count;
    }
  }
  await attempt;
  return bytes.slice(0, length);
}

const clients: Record<string, (port: number) => Promise<unknown>> = {
  "Deno.connectTls": async (port) => {
    using conn = await Deno.connectTls({ hostname: "localhost", port });
    await conn.handshake();
  },
  "Deno.startTls": async (port) => {
    const tcp = await Deno.connect({ hostname: "127.0.0.1", port });
    using conn = await Deno.startTls(tcp, { hostname: "API.example.com" });
    await conn.handshake();
  },
  fetch: (port) => fetch(`https://localhost:${port}/`),
  "fetch of an address": (port) => fetch(`https://127.0.0.1:${port}/`),
};

const names: Record<string, string | null> = {
  "Deno.startTls": "api.example.com",
  "fetch of an address": null,
};

for (const [client, connect] of Object.entries(clients)) {
  Deno.test(`readClientHello reads the name that is sent by ${client}`, async () => {
    const bytes = await firstOf(connect);
    const expected = client in names ? names[client]! : "localhost";
    assertEquals(readClientHello(bytes), naming(expected));
    readsInPieces(bytes);
  });
}

Deno.test("readClientHello reads the name that is sent by openssl s_client", () => {
  for (const bytes of OPENSSL_HELLOS) {
    assertEquals(readClientHello(bytes), named);
    readsInPieces(bytes);
  }
});

/** Checks every prefix, and every way to cut it into two records. */
function readsInPieces(bytes: Uint8Array): void {
  const expected = readClientHello(bytes);
  for (let length = 0; length < bytes.length; length++) {
    assertEquals(readClientHello(bytes.subarray(0, length)), { kind: "more" });
  }
  const whole = contents(bytes);
  for (let at = 1; at < whole.length; at++) {
    const first = record(whole.subarray(0, at));
    const both = join(first, record(whole.subarray(at)));
    assertEquals(readClientHello(both), expected, `cut at ${at}`);
    assertEquals(readClientHello(first), { kind: "more" }, `cut at ${at}`);
    assertEquals(readClientHello(both.subarray(0, -1)), { kind: "more" });
  }
}

Deno.test("readClientHello reads one that is cut anywhere", () => {
  readsInPieces(hello());
  assertEquals(
    readClientHello(records(message(body()), 1)),
    named,
  );
});

const [x, grease]: Extension[] = [[10, ascii("x")], [0x1a1a, ascii("")]];
for (
  const [what, parts, expected] of [
    ["no list of extensions", { extensions: null }, null],
    ["no extensions", { extensions: [] }, null],
    ["other extensions alone", { extensions: [x!, grease!] }, null],
    ["a name behind others", {
      extensions: [grease!, x!, serverName(name("a.example"))],
    }, "a.example"],
    ["a name in capitals with a dot", {
      extensions: [serverName(name("A.Example."))],
    }, "a.example"],
    ["a name with two dots", {
      extensions: [serverName(name("a.example.."))],
    }, "a.example."],
    ["the longest name", {
      extensions: [serverName(name(`${"a".repeat(253)}.`))],
    }, "a".repeat(253)],
    ["an address", {
      extensions: [serverName(name("127.0.0.1"))],
    }, "127.0.0.1"],
    ["no session", { sessionId: ascii("") }, "api.example.com"],
    ["the version of SSL 3", { version: 0x0300 }, "api.example.com"],
  ] as [string, HelloParts, string | null][]
) {
  Deno.test(`readClientHello reads a ClientHello with ${what}`, () => {
    const found = readClientHello(hello(parts));
    assertEquals(found, naming(expected));
  });
}

Deno.test("readClientHello tells that a ClientHello is encrypted in another", () => {
  const encrypted: Extension = [ENCRYPTED, new Uint8Array(200)];
  for (const data of [encrypted, [ENCRYPTED, ascii("")] as const]) {
    const extensions = [serverName(name("public.example")), data];
    assertEquals(readClientHello(hello({ extensions })), {
      kind: "tls",
      serverName: "public.example",
      isEncrypted: true,
    });
  }
  assertEquals(readClientHello(hello({ extensions: [encrypted] })), {
    kind: "tls",
    serverName: null,
    isEncrypted: true,
  });
});

for (
  const [what, bytes] of [
    ["HTTP", ascii("GET / HTTP/1.1\r\n")],
    ["SSH", ascii("SSH-2.0-x\r\n")],
    ["a ClientHello of SSL 2", Uint8Array.of(0x80, 0x2e, 1, 3, 1, 0, 0x15)],
    ["an alert", record(Uint8Array.of(2, 40), 0x15)],
    ["application data", record(ascii("x"), 0x17)],
    ["a record of another version", record(ascii("x"), 0x16, 0x0401)],
    ["DTLS", record(ascii("x"), 0x16, 0xfefd)],
    ["NULs", new Uint8Array(9)],
  ] as const
) {
  Deno.test(`readClientHello takes ${what} for something else at once`, () => {
    const least = bytes[0] === 0x16 ? 2 : 1;
    for (let length = least; length <= bytes.length; length++) {
      const found = readClientHello(bytes.subarray(0, length));
      assertEquals(found, { kind: "other" });
    }
  });
}

const host = name("api.example.com");
const twice = serverName(host);
/** A ClientHello with other bytes where its extensions are. */
const withList = (bytes: Uint8Array) =>
  record(message(join(body({ extensions: null }), bytes)));
const withName = (...entries: Uint8Array[]) =>
  hello({ extensions: [serverName(...entries)] });
const withData = (data: Uint8Array) => hello({ extensions: [[0, data]] });

for (
  const [what, bytes, text] of [
    ["a ServerHello", record(message(body(), 2)), "type 2"],
    ["an empty record", record(ascii("")), "an empty record"],
    [
      "nothing in the message",
      record(message(ascii(""))),
      "1 bytes are needed",
    ],
    ["version 2", hello({ version: 0x0202 }), "version 2"],
    [
      "half of the random bytes",
      record(message(body().subarray(0, 18))),
      "33 bytes are needed, and 17 are left",
    ],
    [
      "a long session id",
      hello({ sessionId: new Uint8Array(33) }),
      "session id of 33",
    ],
    ["no cipher suite", hello({ ciphers: ascii("") }), "suites of 0"],
    ["half of a cipher suite", hello({ ciphers: ascii("abc") }), "suites of 3"],
    ["no compression", hello({ compressions: ascii("") }), "no compression"],
    [
      "a byte behind the extensions",
      record(message(join(body(), ascii("x")))),
      "1 bytes too many in the ClientHello",
    ],
    ["half of the extensions' length", withList(ascii("x")), "the ClientHello"],
    ["extensions that overrun", withList(number(1, 2)), "the ClientHello"],
    [
      "half of an extension's type",
      withList(vector(2, ascii("x"))),
      "extensions",
    ],
    [
      "an extension that overruns",
      withList(vector(2, number(10, 2), number(2, 2), ascii("x"))),
      "the extensions",
    ],
    [
      "an extension twice",
      hello({ extensions: [x!, twice, x!] }),
      "extension 10 twice",
    ],
    [
      "the server name twice",
      hello({ extensions: [twice, x!, twice] }),
      "extension 0 twice",
    ],
    ["an empty server name", withData(ascii("")), "extension 0 ends"],
    ["no server name in the list", withName(), "list of server names ends"],
    ["a list that overruns", withData(number(1, 2)), "extension 0 ends"],
    [
      "a byte behind the list",
      withData(join(vector(2, host), ascii("x"))),
      "1 bytes too many in extension 0",
    ],
    ["two host names", withName(host, name("b.example")), "more than one"],
    ["the same host name twice", withName(host, host), "more than one"],
    ["a name of another type", withName(name("x", 1)), "type 1"],
    ["another type behind it", withName(host, name("x", 1)), "more than one"],
    [
      "a host name that overruns",
      withName(join(number(0, 1), number(9, 2), ascii("x"))),
      "9 bytes are needed, and 1 are left",
    ],
    ["an empty host name", withName(name("")), "an empty host name"],
    ["a host name that is a dot", withName(name(".")), "an empty host name"],
    ["a long host name", withName(name("a".repeat(254))), "of 254 bytes"],
    ["a NUL", withName(name("api.example.com\0.evil.example")), "the byte 0"],
    ["a NUL at the end", withName(name("api.example.com\0")), "the byte 0"],
    ["a name in UTF-8", withName(name("\xc3\xa9.example")), "the byte 195"],
    ["a space", withName(name("api.example.com .evil")), "the byte 32"],
    ["a line break", withName(name("a.example\r\nx")), "the byte 13"],
    ["the byte 127", withName(name("a\x7f")), "the byte 127"],
  ] as const
) {
  Deno.test(`lesson 39: readClientHello says what is wrong with ${what}`, () => {
    const found = readClientHello(bytes);
    assert(found.kind === "broken", found.kind);
    assert(found.detail.includes(text), found.detail);
    assertEquals(readClientHello(join(bytes, ascii("more"))), found);
  });
}

Deno.test("readClientHello does not mistake a byte that changes with its case", () => {
  // U+212A, the sign for kelvin, is k in lower case, but no byte is U+212A.
  for (let byte = 0x21; byte < 0x7f; byte++) {
    const found = readClientHello(withName(name(Uint8Array.of(0x61, byte))));
    const char = String.fromCharCode(byte);
    const expected = char === "." ? "a" : `a${char.toLowerCase()}`;
    assertEquals(found, naming(expected));
  }
});
