import { assertEquals } from "@std/assert";
import {
  memoryText,
  parseMemorySize,
} from "../../../backends/spec/memory_size.ts";

Deno.test("parseMemorySize reads what Docker writes", () => {
  const cases = {
    "0": 0,
    "1024": 1024,
    "1024b": 1024,
    "1024 B": 1024,
    "64k": 65_536,
    "64K": 65_536,
    "64kb": 65_536,
    "64KiB": 65_536,
    "64 kib": 65_536,
    "512m": 536_870_912,
    "1g": 1_073_741_824,
    "1.5g": 1_610_612_736,
    "1.50G": 1_610_612_736,
    "0.5g": 536_870_912,
    "2t": 2_199_023_255_552,
    "007m": 7_340_032,
    // Half a byte is none.
    "1.5": 1,
    "0.3k": 307,
  };
  for (const [text, bytes] of Object.entries(cases)) {
    assertEquals(parseMemorySize(text), bytes, text);
  }
});

Deno.test("parseMemorySize reads nothing else", () => {
  const texts = [
    ...["", " ", "g", "b", "-1g", "+1g", "1e9", "0x10", "1_000", "1,5g", "."],
    ...[
      ".5g",
      "1.g",
      "1..5g",
      "1gg",
      "1p",
      "1 g b",
      "1  g",
      " 1g",
      "1g ",
      "1g\n",
    ],
    ...["NaN", "Infinity", "unlimited", "50%", "1ib", "1ki b", "9".repeat(17)],
    ...["8192t", "9007199254740992", "１g"],
  ];
  for (const text of texts) {
    assertEquals(parseMemorySize(text), undefined, text);
  }
});

Deno.test("memoryText writes what parseMemorySize reads, for whole units", () => {
  const cases = { "1g": 2 ** 30, "1536m": 1.5 * 2 ** 30, "6m": 6 * 2 ** 20 };
  for (const [text, bytes] of Object.entries(cases)) {
    assertEquals(memoryText(bytes), text);
    assertEquals(parseMemorySize(text), bytes);
  }
  assertEquals(memoryText(1000), "1000 bytes");
  assertEquals(memoryText(0), "0 bytes");
  assertEquals(memoryText(2 ** 40), "1t");
});
