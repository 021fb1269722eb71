import { assert, assertEquals, assertThrows } from "@std/assert";
import { MalformedHello } from "../../../backends/egress/hello_reader.ts";
import {
  CLIENT_HELLO_BYTES_MAX,
  CLIENT_HELLO_RECORDS_MAX,
  joinHello,
  mayBeTls,
} from "../../../backends/egress/hello_records.ts";
import {
  ascii,
  body,
  join,
  message,
  record,
  records,
} from "./_client_hello.ts";

const whole = message(body());

function refuses(bytes: Uint8Array, text: string): void {
  const error = assertThrows(() => joinHello(bytes), MalformedHello);
  assert(error.message.includes(text), error.message);
}

Deno.test("mayBeTls looks at the type and the major version, as far as they are there", () => {
  for (const bytes of [[], [0x16], [0x16, 3], [0x16, 3, 9, 0, 0]]) {
    assertEquals(mayBeTls(Uint8Array.from(bytes)), true, `${bytes}`);
  }
  for (const bytes of [[0], [0x15, 3], [0x17], [0x80, 0x2e, 1], [0x16, 2]]) {
    assertEquals(mayBeTls(Uint8Array.from(bytes)), false, `${bytes}`);
  }
});

Deno.test("joinHello takes a ClientHello out of records of any size", () => {
  for (let size = 1; size <= whole.length; size++) {
    assertEquals(joinHello(records(whole, size)), body(), `size ${size}`);
  }
});

Deno.test("joinHello waits for the rest of every prefix, however it is cut", () => {
  for (const size of [1, 2, 3, 4, 5, 50, whole.length]) {
    const bytes = records(whole, size);
    for (let length = 0; length < bytes.length; length++) {
      assertEquals(joinHello(bytes.subarray(0, length)), undefined);
    }
  }
});

Deno.test("joinHello cares for nothing behind the ClientHello's last record", () => {
  for (const rest of [[0x14, 3, 3, 0, 1, 1], [0x17], [0], [0x16, 3, 3, 0, 0]]) {
    const bytes = join(records(whole, 60), Uint8Array.from(rest));
    assertEquals(joinHello(bytes), body());
  }
  const early = join(record(whole), new Uint8Array(CLIENT_HELLO_BYTES_MAX));
  assertEquals(joinHello(early), body());
});

const [start, rest] = [whole.subarray(0, 9), whole.subarray(9)];
for (
  const [what, bytes, text] of [
    ["an empty record at first", record(new Uint8Array()), "empty"],
    [
      "an empty record in between",
      join(record(start), record(new Uint8Array()), record(rest)),
      "empty",
    ],
    [
      "an alert in between",
      join(record(start), record(Uint8Array.of(1, 0), 0x15), record(rest)),
      "type 21",
    ],
    [
      "a record of application data in between",
      join(record(start), record(rest, 0x17)),
      "type 23",
    ],
    [
      "a record of another major version",
      join(record(start), record(rest, 0x16, 0x0203)),
      "version 2",
    ],
    [
      "a record that is too long, at once",
      Uint8Array.of(0x16, 3, 1, 0x40, 1),
      "16385 bytes",
    ],
    ["a ServerHello", record(message(body(), 2)), "type 2"],
    ["a HelloRequest, by its first byte", record(Uint8Array.of(0)), "type 0"],
    [
      "another ClientHello in its record",
      record(join(whole, whole)),
      "more than a ClientHello",
    ],
    [
      "a byte too many in its last record",
      join(record(start), record(join(rest, ascii("x")))),
      "more than a ClientHello",
    ],
    [
      "a length that is too short",
      record(join(Uint8Array.of(1, 0, 0, 2), body())),
      "more than a ClientHello",
    ],
    [
      "a length beyond what is allowed, at once",
      join(Uint8Array.of(0x16, 3, 1, 0, 4), Uint8Array.of(1, 0xff, 0xff, 0xff)),
      "65536 are allowed",
    ],
  ] as const
) {
  Deno.test(`joinHello refuses ${what}`, () => {
    refuses(bytes, text);
    refuses(join(bytes, ascii("and more")), text);
  });
}

Deno.test("joinHello takes a ClientHello of CLIENT_HELLO_BYTES_MAX, and none that is longer by a byte", () => {
  // Four records, which are as few as can be.
  const longest = new Uint8Array(CLIENT_HELLO_BYTES_MAX - 4 * 5 - 4);
  const bytes = records(message(longest), 16_384);
  assertEquals(bytes.length, CLIENT_HELLO_BYTES_MAX);
  assertEquals(joinHello(bytes)?.length, longest.length);
  assertEquals(joinHello(bytes.subarray(0, -1)), undefined);
  const longer = records(message(new Uint8Array(longest.length + 1)), 16_384);
  refuses(longer, "at least 65537 bytes");
  // Its header tells.
  refuses(longer.subarray(0, 9), "at least 65537 bytes");
  assertEquals(joinHello(longer.subarray(0, 8)), undefined);
});

Deno.test("joinHello counts the headers of records, and waits for no more than CLIENT_HELLO_BYTES_MAX", () => {
  const bytes = records(message(new Uint8Array(65_000)), 600);
  assert(bytes.length > CLIENT_HELLO_BYTES_MAX);
  const isRefused = Array.from({ length: 656 }, (_, i) => {
    try {
      assertEquals(joinHello(bytes.subarray(0, 100 * i)), undefined);
      return false;
    } catch (error) {
      if (!(error instanceof MalformedHello)) throw error;
      assert(error.message.includes("65536 are allowed"), error.message);
      return true;
    }
  });
  const first = isRefused.indexOf(true);
  assert(first > 500, `refused at ${first}`);
  assertEquals(isRefused.lastIndexOf(false), first - 1);
});

Deno.test("joinHello takes CLIENT_HELLO_RECORDS_MAX records, and not one more", () => {
  const size = CLIENT_HELLO_RECORDS_MAX;
  const fits = message(new Uint8Array(size - 4));
  assertEquals(joinHello(records(fits, 1)), new Uint8Array(size - 4));
  refuses(records(message(new Uint8Array(size - 3)), 1), `${size} records`);
});
