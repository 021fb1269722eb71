import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  digestField,
  schemaVersionField,
  textField,
  timestampField,
  tryUuid,
  typeField,
  uuidField,
} from "../../sinks/_event_fields.ts";
import { assertCode } from "./_samples.ts";

const ID = "0190163d-8694-739b-aea5-966c26f8ad90";

Deno.test("uuidField normalises every usual spelling of a UUID", () => {
  const bare = ID.replaceAll("-", "");
  for (
    const spelling of [
      ID,
      ID.toUpperCase(),
      bare,
      bare.toUpperCase(),
      `{${ID}}`,
      `{${bare}}`,
      `urn:uuid:${ID}`,
      `URN:UUID:${ID.toUpperCase()}`,
      "00000000-0000-0000-0000-000000000000",
    ]
  ) {
    const expected = spelling.startsWith("0000") ? spelling : ID;
    assertEquals(uuidField("event_id", spelling), expected);
  }
});

Deno.test("uuidField refuses what is no UUID, and names the field", () => {
  for (
    const value of [
      "",
      ID.slice(1),
      `${ID}0`,
      `{${ID}`,
      `${ID}}`,
      `${ID}\n`,
      ` ${ID}`,
      ID.replace("0", "g"),
      "uuid:" + ID,
      null,
      undefined,
      7,
      new String(ID),
    ]
  ) {
    const error = assertCode(
      "invalid_event",
      () => uuidField("task_id", value),
    );
    assertStringIncludes(error.message, "task_id");
  }
  assertEquals(tryUuid("none"), undefined);
});

Deno.test("typeField takes the two families and nothing else", () => {
  for (const type of ["harness.task.started", "data.x", "data.é", "data."]) {
    assertEquals(typeField(type), type);
  }
  for (
    const type of ["", "harness", "data", "Data.x", " data.x", "tool.call", 1]
  ) {
    assertCode("invalid_event", () => typeField(type));
  }
});

Deno.test("lesson 8: refuses U+001F in type and source, where it would make the AAD ambiguous", () => {
  assertCode("invalid_event", () => typeField("data.a\x1fb"));
  const error = assertCode(
    "invalid_event",
    () => textField("source", "a\x1fb"),
  );
  assertStringIncludes(error.message, "U+001F");
  assertStringIncludes(error.message, "source");
});

Deno.test("textField takes empty text, NUL and astral text, and no lone surrogate", () => {
  for (const text of ["", "\0", "😀", "\ufeff", "\uffff"]) {
    assertEquals(textField("source", text), text);
  }
  for (const text of ["\ud800", "a\udc00", "\udc00\ud800", null, 1, {}]) {
    assertCode("invalid_event", () => textField("source", text));
  }
});

Deno.test("schemaVersionField takes integers, -0 as 0", () => {
  for (const version of [0, 1, -1, 2 ** 53 - 1]) {
    assertEquals(schemaVersionField(version), version);
  }
  assertEquals(Object.is(schemaVersionField(-0), 0), true);
  for (const version of [1.5, NaN, 2 ** 53, "1", null, true]) {
    assertCode("invalid_event", () => schemaVersionField(version));
  }
});

Deno.test("digestField takes null or 64 lower-case hex digits", () => {
  const hash = "0123456789abcdef".repeat(4);
  assertEquals(digestField("hash", hash), hash);
  assertEquals(digestField("hash", null), null);
  assertEquals(digestField("hash", undefined), null);
  for (const value of ["", hash.slice(1), hash.toUpperCase(), `${hash}\n`, 0]) {
    assertCode("invalid_event", () => digestField("hash", value));
  }
});

/** Times as given and as stored. */
const TIMES: Readonly<Record<string, string>> = {
  "2024-01-02T03:04:05Z": "2024-01-02T03:04:05Z",
  "2024-01-02T03:04:05.000Z": "2024-01-02T03:04:05Z",
  "2024-01-02T03:04:05.6789Z": "2024-01-02T03:04:05.678900Z",
  "2024-01-02T03:04:05.000001Z": "2024-01-02T03:04:05.000001Z",
  "2024-01-02T03:04:05.1234567Z": "2024-01-02T03:04:05.123456Z",
  "2024-01-02t03:04:05z": "2024-01-02T03:04:05Z",
  "2024-01-02 03:04:05,5Z": "2024-01-02T03:04:05.500000Z",
  "2024-01-02T03:04:05": "2024-01-02T03:04:05",
  "2024-01-02T03:04:05.5": "2024-01-02T03:04:05.500000",
  "2024-01-02T03:04:05+05:30": "2024-01-02T03:04:05+05:30",
  "2024-01-02T03:04:05-0800": "2024-01-02T03:04:05-08:00",
  "2024-01-02T03:04:05+00:00": "2024-01-02T03:04:05Z",
  "2024-01-02T03:04:05-00:00": "2024-01-02T03:04:05Z",
  "2024-02-29T23:59:59Z": "2024-02-29T23:59:59Z",
  "2000-02-29T00:00:00Z": "2000-02-29T00:00:00Z",
  "0001-01-01T00:00:00Z": "0001-01-01T00:00:00Z",
  "9999-12-31T23:59:59.999999+23:59": "9999-12-31T23:59:59.999999+23:59",
};

for (const [given, stored] of Object.entries(TIMES)) {
  Deno.test(`timestampField writes ${given} without moving its zone`, () => {
    assertEquals(timestampField(given), stored);
    assertEquals(timestampField(stored), stored);
  });
}

Deno.test("timestampField writes a Date in UTC", () => {
  assertEquals(timestampField(new Date(0)), "1970-01-01T00:00:00Z");
  assertEquals(timestampField(new Date(1)), "1970-01-01T00:00:00.001000Z");
});

Deno.test("timestampField refuses times that there are not", () => {
  for (
    const value of [
      "",
      "2024-01-02",
      "2024-01-02T03:04Z",
      "0000-01-01T00:00:00Z",
      "2024-00-01T00:00:00Z",
      "2024-13-01T00:00:00Z",
      "2024-01-00T00:00:00Z",
      "2024-04-31T00:00:00Z",
      "2023-02-29T00:00:00Z",
      "1900-02-29T00:00:00Z",
      "2024-01-01T24:00:00Z",
      "2024-01-01T00:60:00Z",
      "2024-01-01T00:00:60Z",
      "2024-01-01T00:00:00+24:00",
      "2024-01-01T00:00:00+01:60",
      "2024-01-01T00:00:00.Z",
      "2024-01-01T00:00:00Z\n",
      "+010000-01-01T00:00:00Z",
      1704164645,
      null,
      new Date(NaN),
      new Date(253402300800000),
    ]
  ) {
    assertCode("invalid_event", () => timestampField(value));
  }
});

Deno.test("refusals show a short piece of a long value, on one line", () => {
  const long = `${"x".repeat(5000)}\n`;
  const { message } = assertCode("invalid_event", () => typeField(long));
  assertEquals(message.includes("\n"), false);
  assertEquals(message.length < 250, true, message);
});

Deno.test("timestampField agrees with itself on texts that it takes the short way", () => {
  const days = ["01", "09", "10", "28", "29", "30", "31", "00", "32"];
  const times = ["00:00:00", "23:59:59", "24:00:00", "12:60:00", "12:00:60"];
  for (const year of ["0000", "0001", "2023", "2024", "9999"]) {
    for (const month of ["00", "01", "02", "04", "12", "13"]) {
      for (const day of days) {
        for (const time of times) {
          for (const fraction of ["", ".000000", ".000001"]) {
            const text = `${year}-${month}-${day}T${time}${fraction}`;
            // A space for the T is never stored, so it goes the long way.
            const taken = outcome(`${text}Z`);
            assertEquals(taken, outcome(`${text.replace("T", " ")}Z`), text);
          }
        }
      }
    }
  }
});

function outcome(ts: string): string {
  try {
    return timestampField(ts);
  } catch {
    return "refused";
  }
}
