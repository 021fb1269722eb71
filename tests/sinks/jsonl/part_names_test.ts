import { assertEquals } from "@std/assert";
import {
  partPath,
  readNames,
  splitPath,
} from "../../../sinks/jsonl/_part_names.ts";

Deno.test("readNames finds parts in order, in both forms, and what is unfinished", () => {
  const part = (first: number, last: number) =>
    partPath("run.jsonl", { first, last });
  const found = readNames("run.jsonl", [
    "run.jsonl",
    part(11, 20),
    `${part(1, 10)}.gz`,
    `${part(11, 20)}.gz`,
    `${part(11, 20)}.gz.tmp`,
    "run.jsonl.index",
    "run.jsonl.index.tmp",
    "run.jsonl.lock",
    "run.jsonl.torn-2",
    "run.jsonl.torn-10",
    `other-${part(21, 30)}`,
    `${part(21, 30)}.bak`,
    "run.jsonl.000000000009-000000000003",
    "run.jsonl.000000000000-000000000003",
    "run.jsonl.1-3",
  ]);
  assertEquals(found, {
    parts: [
      { first: 1, last: 10, plain: false, gzip: true },
      { first: 11, last: 20, plain: true, gzip: true },
    ],
    unfinished: [`${part(11, 20)}.gz.tmp`, "run.jsonl.index.tmp"],
    lastTorn: 10,
  });
});

Deno.test("partPath makes names that sort in the order of the log, and that readNames reads", () => {
  const seqs: [number, number][] = [[1, 9], [10, 99], [100, 1_000_000]];
  const paths = seqs.map(([first, last]) => partPath("x", { first, last }));
  assertEquals(paths.toSorted(), paths);
  const { parts } = readNames("x", paths);
  assertEquals(
    parts.map(({ first, last }): [number, number] => [first, last]),
    seqs,
  );
});

Deno.test("splitPath keeps the separator with the folder", () => {
  assertEquals(splitPath("/a/b.c"), { folder: "/a/", name: "b.c" });
  assertEquals(splitPath("/b.c"), { folder: "/", name: "b.c" });
});
