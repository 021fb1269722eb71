import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { readClientHello } from "../../../backends/egress/client_hello.ts";
import {
  ascii,
  body,
  contents,
  ENCRYPTED,
  hello,
  join,
  message,
  name,
  records,
  serverName,
} from "./_client_hello.ts";
import { OPENSSL_HELLOS } from "./_openssl_hellos.ts";

const named = serverName(name("public.example"));

/** Bytes with some of them changed, put in or taken out. */
const mutated = fc.tuple(
  fc.constantFrom(
    ...OPENSSL_HELLOS,
    hello(),
    records(message(body()), 40),
    hello({ extensions: [[ENCRYPTED, ascii("xyz")], named] }),
    hello({ extensions: [[10, ascii("xyz")], named, [0x1a1a, ascii("")]] }),
  ),
  fc.array(
    fc.record({
      at: fc.nat(400),
      how: fc.constantFrom("flip", "insert", "delete"),
      byte: fc.oneof(fc.constantFrom(0, 1, 3, 0x16, 0xff), fc.nat(255)),
    }),
    { maxLength: 4 },
  ),
).map(([bytes, changes]) => {
  const changed = [...bytes];
  for (const { at, how, byte } of changes) {
    const place = at % (changed.length + 1);
    if (how === "insert") changed.splice(place, 0, byte);
    else if (how === "delete") changed.splice(place, 1);
    else if (place < changed.length) changed[place] = byte;
  }
  return Uint8Array.from(changed);
});

Deno.test("readClientHello finds in mutated bytes no name that is not there", () => {
  let tls = 0;
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array()), (bytes) => {
      const found = readClientHello(bytes);
      if (found.kind !== "tls") return;
      tls++;
      const text = String.fromCharCode(...contents(bytes)).toLowerCase();
      assert(found.serverName === null || text.includes(found.serverName));
    }),
    { numRuns: 3000 },
  );
  assert(tls > 100, `no more than ${tls} were TLS`);
});

Deno.test("readClientHello reads nothing around the bytes that it is given", () => {
  fc.assert(
    fc.property(mutated, fc.nat(300), (bytes, cut) => {
      const length = Math.max(0, bytes.length - cut);
      const around = join(ascii("\x16\x03"), bytes, bytes, ascii("api.x"));
      assertEquals(
        readClientHello(around.subarray(2, 2 + length)),
        readClientHello(bytes.slice(0, length)),
      );
    }),
    { numRuns: 1000 },
  );
});

Deno.test("readClientHello does not change its mind when more comes", () => {
  fc.assert(
    fc.property(mutated, fc.nat(300), (bytes, cut) => {
      const early = readClientHello(bytes.subarray(0, -cut - 1));
      if (early.kind === "more") return;
      assertEquals(readClientHello(bytes), early);
    }),
    { numRuns: 1000 },
  );
});
