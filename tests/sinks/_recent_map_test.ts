import { assert, assertEquals } from "@std/assert";
import { RecentMap } from "../../sinks/_recent_map.ts";
import { id } from "./_chains.ts";

Deno.test("RecentMap keeps what is used, and never denies what it has forgotten", () => {
  const map = new RecentMap<number | null>(100, 7);
  const forgotten: number[] = [];
  for (let i = 0; i < 5_000; i++) {
    assertEquals(map.get(id(i)), undefined);
    map.set(id(i), i);
    map.set(id(1_000_000), null);
    map.trim();
    assertEquals(map.get(id(1_000_000)), null, "used each time");
  }
  let kept = 0;
  for (let i = 0; i < 5_000; i++) {
    if (map.get(id(i)) === i) kept++;
    else forgotten.push(i);
  }
  assert(kept <= 101 && kept >= 49, `${kept} are kept`);
  for (const i of forgotten) assert(map.mayHaveForgotten(id(i)));
  let wrong = 0;
  for (let i = 5_000; i < 15_000; i++) {
    if (map.mayHaveForgotten(id(i))) wrong++;
  }
  assert(wrong < 5, `${wrong} of 10,000 new keys pass for forgotten ones`);
});

Deno.test("RecentMap forgets nothing unless it is trimmed, nor below its bound", () => {
  const map = new RecentMap<number>(10, 7);
  for (let i = 0; i < 1_000; i++) map.set(id(i), i);
  for (let i = 0; i < 1_000; i++) assertEquals(map.get(id(i)), i);
  const small = new RecentMap<number>(10, 7);
  for (let i = 0; i < 5; i++) small.set(id(i), i);
  for (let i = 0; i < 100; i++) small.trim();
  for (let i = 0; i < 5; i++) {
    assertEquals(small.get(id(i)), i);
    assert(!small.mayHaveForgotten(id(i)));
  }
});
