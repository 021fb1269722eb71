import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  BUCKETS,
  hexToWords,
  UuidTable,
  wordsToHex,
} from "../../../sinks/jsonl/_uuid_table.ts";
import { PartTables } from "../../../sinks/jsonl/_part_tables.ts";
import { uuid } from "./_helpers.ts";

Deno.test("lesson 14: PartTables hold 100,000 traces in less than 16 MiB, and exactly", () => {
  const tables = new PartTables(1);
  const hash = (n: number) => n.toString(16).padStart(64, "a");
  for (let n = 0; n < 100_000; n++) tables.setHead(uuid(n), hash(n));
  assertEquals(tables.heads.size, 100_000);
  assert(tables.heads.byteSize < 16 * 2 ** 20, `${tables.heads.byteSize}`);
  for (let n = 0; n < 100_000; n += 97) {
    assertEquals(tables.head(uuid(n)), hash(n));
  }
  assertEquals(tables.head(uuid(100_000)), undefined);
});

Deno.test("lesson 14: PartTables hold a million ids in less than 48 MiB, and exactly", () => {
  const tables = new PartTables(0xffffffff);
  for (let n = 1; n <= 1_000_000; n++) tables.add(uuid(n), n);
  assertEquals(tables.ids.size, 1_000_000);
  assert(tables.ids.byteSize < 48 * 2 ** 20, `${tables.ids.byteSize}`);
  for (let n = 1; n <= 1_000_000; n += 997) {
    assertEquals(tables.line(uuid(n)), n);
  }
  assertEquals(tables.line(uuid(0)), undefined);
});

Deno.test("PartTables keep the first line of an id and the last head of a trace", () => {
  const tables = new PartTables(7);
  tables.add(uuid(1), 3);
  tables.add(uuid(1), 9);
  assertEquals(tables.line(uuid(1)), 3);
  tables.setHead(uuid(2), "ab".repeat(32));
  tables.setHead(uuid(2), null);
  assertEquals(tables.head(uuid(2)), null);
});

Deno.test("UuidTable holds the nil UUID and the one of all ones", () => {
  const table = new UuidTable(1, 0);
  const nil = "00000000-0000-0000-0000-000000000000";
  const ones = "ffffffff-ffff-ffff-ffff-ffffffffffff";
  assertEquals(table.get(nil), undefined);
  table.set(nil, Uint32Array.of(5));
  table.set(ones, Uint32Array.of(0xffffffff));
  assertEquals(table.get(nil), Uint32Array.of(5));
  assertEquals(table.get(ones), Uint32Array.of(0xffffffff));
});

Deno.test("UuidTable does what a Map does, whatever the seed", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 0xffffffff }),
      fc.array(
        fc.tuple(fc.uuid(), fc.integer({ min: 1, max: 0xffffffff })),
        { maxLength: 200 },
      ),
      (seed, entries) => {
        const table = new UuidTable(1, seed);
        for (const [key, value] of entries) {
          table.set(key, Uint32Array.of(value));
        }
        const map = new Map(entries);
        assertEquals(table.size, map.size);
        const copy = new UuidTable(1, seed);
        for (let i = 0; i < BUCKETS; i++) copy.load(table.records(i));
        for (const [key, value] of map) {
          assertEquals(table.get(key)?.[0], value);
          assertEquals(copy.get(key)?.[0], value);
        }
        assertEquals(copy.size, map.size);
      },
    ),
  );
});

Deno.test("hexToWords reads what wordsToHex writes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
      const words = new Uint32Array(8);
      hexToWords(bytes.toHex(), words, 0);
      assertEquals(wordsToHex(words), bytes.toHex());
    }),
  );
});
