import { assertEquals } from "@std/assert";
import {
  type Anchor,
  chainHead,
  type Event,
  linkEvent,
  verifyAgainstAnchor,
  verifyChain,
} from "../../sinks/mod.ts";
import { chain, event, id } from "./_chains.ts";

function anchorOf(events: Event[]): Anchor {
  const anchor = chainHead(events);
  if (anchor === undefined) throw new Error("the events have no head");
  return anchor;
}

Deno.test("lesson 11: a cut tail is found through an anchor, and through it only", () => {
  const events = chain(1, 3);
  const anchor = anchorOf(events);
  const cut = events.slice(0, 2);
  assertEquals(verifyChain(cut), [], "the chain alone does not see it");
  const [violation, ...others] = verifyAgainstAnchor(cut, anchor);
  assertEquals(others, []);
  assertEquals(violation?.code, "cut_tail");
  assertEquals([violation?.expected, violation?.found], ["3", "2"]);
});

Deno.test("lesson 11: a dropped trace is found through an anchor, and through it only", () => {
  const anchor = anchorOf(chain(1, 3));
  const rest = chain(2, 2);
  assertEquals(verifyChain(rest), [], "the chain alone does not see it");
  const [violation] = verifyAgainstAnchor(rest, anchor);
  assertEquals(violation?.code, "missing_trace");
  assertEquals(violation?.trace_id, id(1));
});

Deno.test("verifyAgainstAnchor finds a trace that was written anew", () => {
  const anchor = anchorOf(chain(1, 2));
  const anew = chain(1, 3);
  assertEquals(verifyChain(anew), []);
  const [violation] = verifyAgainstAnchor(anew, anchor);
  assertEquals(violation?.code, "head_mismatch");
  assertEquals(violation?.event_id, anew[1]!.event_id);
  assertEquals(violation?.expected, anchor.head);
});

Deno.test("verifyAgainstAnchor accepts a trace that has gone on", () => {
  const events = chain(1, 5);
  const anchor = anchorOf(events.slice(0, 3));
  assertEquals(verifyAgainstAnchor(events, anchor), []);
  assertEquals(verifyAgainstAnchor([...chain(2, 2), ...events], anchor), []);
});

Deno.test("verifyAgainstAnchor counts the events from before the chain", () => {
  const events = [event(1), event(1), linkEvent(event(1), null)];
  const anchor = anchorOf(events);
  assertEquals(anchor.seq, 3);
  assertEquals(verifyAgainstAnchor(events, anchor), []);
  const short = verifyAgainstAnchor(events.slice(1), anchor);
  assertEquals(short.map(({ code }) => code), ["cut_tail"]);
});
