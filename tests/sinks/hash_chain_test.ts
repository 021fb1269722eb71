import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { createHash, createHmac } from "node:crypto";
import {
  digestEvent,
  type Event,
  linkEvent,
  parseEvent,
  serializeEvent,
} from "../../sinks/mod.ts";
import {
  canonicalEvent,
  isLinked,
  isSignedBy,
  signHash,
} from "../../sinks/hash_chain.ts";
import { anyPayload, assertCode, event, RUNS } from "./_samples.ts";
import chain from "../fixtures/vectors/chain.json" with { type: "json" };

const KEY = new Uint8Array(32).fill(107);
const HASH = "0123456789abcdef".repeat(4);

for (const vector of chain.vectors) {
  const { prev_hash, hash, sig, canonical, stored } = vector;
  Deno.test(`digestEvent and linkEvent give the predecessor's vector ${hash.slice(0, 8)}`, () => {
    const unlinked = parseEvent(vector.event);
    assertEquals(canonicalEvent(unlinked, prev_hash), canonical);
    assertEquals(digestEvent(unlinked, prev_hash), hash);
    assertEquals(signHash(hash, KEY), sig);
    assertEquals(serializeEvent(linkEvent(unlinked, prev_hash)), stored);
    const signed = linkEvent(unlinked, prev_hash, KEY);
    assertEquals([signed.prev_hash, signed.hash, signed.sig], [
      prev_hash,
      hash,
      sig,
    ]);
    // A file holds the event linked already: it is accepted at its place.
    assertEquals(linkEvent(parseEvent(stored), prev_hash).hash, hash);
  });
}

Deno.test("canonicalEvent has an event's keys sorted, without hash and sig", () => {
  const text = canonicalEvent(linkEvent(event(), null, KEY), HASH);
  const keys = Object.keys(JSON.parse(text));
  assertEquals(keys, keys.toSorted());
  assertEquals(keys.includes("hash") || keys.includes("sig"), false);
  assertEquals(JSON.parse(text).prev_hash, HASH);
});

Deno.test("digestEvent is SHA-256 over the UTF-8 of the canonical text", () => {
  fc.assert(
    fc.property(anyPayload, (payload) => {
      const made = event({ payload, source: "é😀" });
      const text = canonicalEvent(made, null);
      const digest = createHash("sha256").update(text, "utf8").digest("hex");
      assertEquals(digestEvent(made, null), digest);
    }),
    RUNS,
  );
});

Deno.test("digestEvent depends on every field and on the place in the chain", () => {
  const digests = [
    digestEvent(event(), null),
    digestEvent(event(), HASH),
    ...[
      { event_id: "00000000-0000-4000-8000-000000000002" },
      { trace_id: "00000000-0000-4000-8000-000000000002" },
      { task_id: "00000000-0000-4000-8000-000000000002" },
      { parent_id: "00000000-0000-4000-8000-000000000002" },
      { type: "harness.other" },
      { ts: "2024-01-02T03:04:06Z" },
      { source: "" },
      { payload: { a: 1 } },
      { schema_version: 2 },
    ].map((init) => digestEvent(event(init), null)),
  ];
  assertEquals(new Set(digests).size, digests.length);
});

Deno.test("digestEvent does not depend on the order of the payload's keys, nor on chain fields", () => {
  const digest = digestEvent(event({ payload: { a: 1, b: 2 } }), null);
  const turned = event({ payload: { b: 2, a: 1 }, hash: HASH, sig: HASH });
  assertEquals(digestEvent(turned, null), digest);
});

Deno.test("digestEvent refuses a prevHash that is no hash", () => {
  for (const prev of [undefined, "", "x", HASH.toUpperCase(), `${HASH}"`, 1]) {
    const call = () => digestEvent(event(), prev as string);
    assertThrows(call, TypeError, "prevHash");
    assertThrows(() => linkEvent(event(), prev as string), TypeError);
  }
});

Deno.test("digestEvent refuses an object that is no event", () => {
  const spoilt = { ...event(), type: "other" };
  assertCode("invalid_event", () => digestEvent(spoilt, null));
});

Deno.test("linkEvent links, signs when it has a key, and leaves the event as it was", () => {
  const made = event();
  const linked = linkEvent(made, HASH, KEY);
  assertEquals(made.hash, null);
  assertEquals(linked.prev_hash, HASH);
  assertEquals(linked.hash, digestEvent(made, HASH));
  const hmac = createHmac("sha256", KEY).update(linked.hash!).digest("hex");
  assertEquals(linked.sig, hmac);
  assertEquals(linkEvent(made, HASH).sig, null);
  assert(Object.isFrozen(linked));
});

Deno.test("linkEvent keeps what the event remembers of its numbers", () => {
  const [, , third] = chain.vectors;
  const linked = linkEvent(parseEvent(third!.event), third!.prev_hash);
  assert(serializeEvent(linked).includes('"f1":1.0'));
});

/** Chain fields that do not fit behind `null`. */
const FORGERIES: Readonly<Record<string, (made: Event) => Partial<Event>>> = {
  "a made-up hash": () => ({ hash: HASH }),
  "a prev_hash that is not the head": (made) => ({
    prev_hash: HASH,
    hash: digestEvent(made, HASH),
  }),
  "a prev_hash alone": () => ({ prev_hash: HASH }),
  "a signature alone": () => ({ sig: HASH }),
};

for (const [what, forge] of Object.entries(FORGERIES)) {
  Deno.test(`lesson 10: linkEvent refuses an event that comes with ${what}`, () => {
    const made = event();
    const forged = event({ ...made, ...forge(made) });
    const error = assertCode("broken_link", () => linkEvent(forged, null));
    assertEquals(error.event_id, made.event_id);
  });
}

Deno.test("linkEvent checks a signature where it has the key, and keeps it where not", () => {
  const foreign = linkEvent(event(), null, new Uint8Array(32));
  assertCode("broken_link", () => linkEvent(foreign, null, KEY));
  assertEquals(linkEvent(foreign, null), foreign);
  const own = linkEvent(event(), null, KEY);
  assertEquals(linkEvent(own, null, KEY), own);
  const unsigned = linkEvent(event(), null);
  assertEquals(linkEvent(unsigned, null, KEY), own);
});

Deno.test("isSignedBy takes the signature of the hash's hex text, and no other", () => {
  assert(isSignedBy(HASH, signHash(HASH, KEY), KEY));
  assertEquals(isSignedBy(HASH, null, KEY), false);
  assertEquals(isSignedBy(HASH, HASH, KEY), false);
  assertEquals(isSignedBy(HASH, signHash(HASH, KEY), KEY.slice(1)), false);
});

Deno.test("isLinked sees any chain field", () => {
  assertEquals(isLinked(event()), false);
  for (const field of ["prev_hash", "hash", "sig"]) {
    assert(isLinked(event({ [field]: HASH })));
  }
});
