import { assertEquals } from "@std/assert";
import {
  booleanOf,
  entriesOf,
  fieldsOf,
  frozenRecord,
  listOf,
  oneOf,
  textOf,
} from "../../../backends/spec/spec_values.ts";
import { refuses } from "../_refuses.ts";

class Instance {
  a = 1;
}

Deno.test("entriesOf takes plain objects alone", () => {
  const plain = [{}, { a: 1 }, Object.create(null), JSON.parse('{"a":1}')];
  for (const value of plain) {
    assertEquals(entriesOf(value, "it"), Object.entries(value));
  }
  const others = [
    ...[null, undefined, 1, "a", true, Symbol("a"), [], ["a"], () => 1],
    ...[new Map(), new Set(), new Date(), new Instance(), Object.create({})],
    ...[/a/, new Uint8Array(1), Promise.resolve(), new URL("a:b")],
  ];
  for (const value of others) {
    refuses("spec_refused", () => entriesOf(value, "it"), "plain object");
  }
  refuses(
    "spec_refused",
    () => entriesOf({ a: 1, b: 2 }, "it", 1),
    "2 entries",
  );
});

Deno.test("fieldsOf reads own enumerable keys, and each of them once", () => {
  let reads = 0;
  const value = {
    get a() {
      return ++reads;
    },
    b: undefined,
    [Symbol("c")]: 1,
  };
  Object.defineProperty(value, "d", { value: 1, enumerable: false });
  assertEquals([...fieldsOf(value, "it", ["a", "b"])], [["a", 1]]);
  assertEquals(reads, 1);
});

Deno.test("fieldsOf takes nothing from a prototype", () => {
  const polluted = Object.prototype as Record<string, unknown>;
  try {
    polluted.a = "evil";
    assertEquals(fieldsOf({}, "it", ["a"]).get("a"), undefined);
    assertEquals(fieldsOf(JSON.parse("{}"), "it", ["a"]).size, 0);
  } finally {
    delete polluted.a;
  }
  const text = '{"__proto__": {"a": 1}}';
  refuses(
    "spec_refused",
    () => fieldsOf(JSON.parse(text), "it", ["a"]),
    "__proto__",
  );
  refuses("spec_refused", () => fieldsOf({ constructor: 1 }, "it", ["a"]));
});

Deno.test("fieldsOf names the nearest of the known keys", () => {
  const known = ["memory", "network"];
  const check = (key: string) => () => fieldsOf({ [key]: 1 }, "it", known);
  refuses(
    "spec_refused",
    check("memroy"),
    'it has the unknown key "memroy"; did you mean memory?',
  );
  refuses("spec_refused", check("xyz"), "the nearest is", "of memory, network");
  const { message } = refuses("spec_refused", check("\x1b[2J\n".repeat(99)));
  assertEquals(/\p{Cc}/u.test(message), false);
  assertEquals(message.length < 600, true);
});

Deno.test("listOf takes arrays, and counts before it copies", () => {
  const list = [1, "a"];
  const copy = listOf(list, "it", 2);
  list.push(2);
  assertEquals(copy, [1, "a"]);
  assertEquals(listOf(new Array(2), "it", 2), [undefined, undefined]);
  refuses("spec_refused", () => listOf(new Array(2 ** 32 - 1), "it", 2));
  for (
    const value of [null, "ab", { length: 1 }, new Set([1]), new Uint8Array(1)]
  ) {
    refuses("spec_refused", () => listOf(value, "it", 2), "must be an array");
  }
});

Deno.test("textOf, booleanOf and oneOf take nothing that is nearly right", () => {
  assertEquals(textOf("ü💥", "it"), "ü💥");
  for (
    const value of [1, null, new String("a"), ["a"], "a\0", "\udc00", "abc"]
  ) {
    refuses("spec_refused", () => textOf(value, "it", 2), "it is");
  }
  assertEquals([booleanOf(true, "it"), booleanOf(false, "it")], [true, false]);
  for (const value of [0, 1, "true", "false", null, new Boolean(false)]) {
    refuses("spec_refused", () => booleanOf(value, "it"), "true or false");
  }
  assertEquals(oneOf("a", "it", ["a", "b"]), "a");
  for (const value of ["A", "a ", "", 0, ["a"], null]) {
    refuses(
      "spec_refused",
      () => oneOf(value, "it", ["a", "b"]),
      "one of a, b",
    );
  }
});

Deno.test("frozenRecord has its entries, and no prototype's", () => {
  const record = frozenRecord([["__proto__", 1], ["a", 2]]);
  assertEquals(Object.entries(record), [["__proto__", 1], ["a", 2]]);
  assertEquals(Object.isFrozen(record), true);
});
