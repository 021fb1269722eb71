import { assert, assertEquals } from "@std/assert";
import { ReplyIds } from "../../../backends/sessions/reply_ids.ts";

function sent(count: number): { ids: ReplyIds; made: string[] } {
  const ids = new ReplyIds();
  const made = Array.from({ length: count }, () => ids.make());
  for (const id of made) ids.add(id);
  return { ids, made };
}

Deno.test("ReplyIds makes ids that no two sessions share", () => {
  const all = [sent(2), sent(2)].flatMap(({ made }) => made);
  assertEquals(new Set(all).size, 4);
});

Deno.test("ReplyIds finds a reply's command by the id that came back, in any order", () => {
  const { ids, made: [first, second] } = sent(2);
  const reply = { a: 1, id: second };
  assertEquals(ids.take(reply), { id: second! });
  assertEquals(reply as unknown, { a: 1 });
  assert(ids.areSentBack);
  assertEquals(ids.take({ id: first }), { id: first! });
  assertEquals(ids.unanswered, 0);
});

Deno.test("ReplyIds knows a reply that has come before, and one of another's", () => {
  const { ids, made: [id] } = sent(1);
  assertEquals(ids.take({ id }), { id: id! });
  assertEquals(ids.take({ id }), "stray");
  assertEquals(ids.take({ id: `${id}1` }), "stray");
  assertEquals(ids.take({ id: "tab-1" }), "stray");
});

Deno.test("ReplyIds gives a reply without id to the only command that has none", () => {
  for (const reply of [{}, { id: null }, { id: "tab-1" }, { id: 1 }]) {
    const { ids, made: [id] } = sent(1);
    const before = structuredClone(reply);
    assertEquals(ids.take(reply), { id: id! });
    assertEquals(reply, before, "what is the server's own stays");
    assertEquals(ids.take(reply), "unknown");
    assertEquals([ids.areSentBack, ids.isUnanswered(id!)], [false, false]);
  }
});

Deno.test("ReplyIds gives a reply without id to none of two", () => {
  const { ids, made } = sent(2);
  assertEquals(ids.take({}), "unknown");
  ids.take({ id: made[1] });
  // The late reply of the first one, say, which its server failed to read.
  assertEquals(ids.take({ id: null }), { id: made[0]! });
});
