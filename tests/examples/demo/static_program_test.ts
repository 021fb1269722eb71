import { assertEquals } from "@std/assert";
import { isStaticProgram } from "../../../examples/demo/static_program.ts";
import { elfHeaders } from "./_programs.ts";

const [LOAD, INTERP, PHDR] = [1, 3, 6];

Deno.test("isStaticProgram tells a program that needs a loader from one that does not", () => {
  assertEquals(isStaticProgram(elfHeaders(LOAD, LOAD)), true);
  assertEquals(isStaticProgram(elfHeaders(PHDR, INTERP, LOAD)), false);
});

Deno.test("isStaticProgram takes nothing else for a program", () => {
  const program = elfHeaders(LOAD);
  const of32Bits = program.slice();
  of32Bits[4] = 1;
  for (
    const other of [
      new Uint8Array(0),
      new TextEncoder().encode("#!/bin/sh\n".repeat(10)),
      program.subarray(0, 63),
      program.subarray(0, 64),
      elfHeaders(),
      of32Bits,
    ]
  ) assertEquals(isStaticProgram(other), false, `${other}`);
});

Deno.test("isStaticProgram looks at a part of a buffer where it is", () => {
  const program = elfHeaders(LOAD);
  const larger = new Uint8Array(program.length + 7);
  larger.set(program, 7);
  assertEquals(isStaticProgram(larger.subarray(7)), true);
});
