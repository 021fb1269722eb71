import { assert, assertEquals } from "@std/assert";
import type { EventSinkRule } from "./rule.ts";
import { sample } from "./samples.ts";

/** What a sink says of itself. */
export const DECLARED: readonly EventSinkRule[] = [
  {
    name: "declares what its tests say that it supports",
    check: async ({ open, supports }) => {
      const sink = await open();
      assertEquals({ ...sink.supports }, { ...supports });
      assert(typeof sink.name === "string" && sink.name !== "", "no name");
    },
  },
  {
    name: "keeps logs apart that were opened as two",
    unless: "persistence",
    check: async ({ open }) => {
      const [left, right] = [await open(), await open()];
      await left.append(sample());
      assertEquals(await left.count(), 1);
      assertEquals(await right.count(), 0);
    },
  },
];
