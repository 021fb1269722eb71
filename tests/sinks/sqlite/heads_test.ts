import { assert, assertEquals } from "@std/assert";
import { AesGcmCodec } from "../../../codec/mod.ts";
import { Heads } from "../../../sinks/rows/heads.ts";
import { SqliteSink } from "../../../sinks/mod.ts";
import { KEY, sample, uuid } from "./_helpers.ts";

const head = (hash: string, seq: number, epoch = 1) => ({
  hash,
  seq,
  event_id: `event ${seq}`,
  epoch,
});

Deno.test("lesson 14: Heads forgets the oldest beyond the bound", () => {
  const heads = new Heads(2);
  for (const [n, trace] of ["a", "b", "c"].entries()) {
    heads.set(trace, head(`hash of ${trace}`, n + 1));
  }
  heads.set("a", head("newer", 4));
  heads.trim();
  assertEquals(heads.get("b"), undefined);
  assertEquals(heads.get("a")?.hash, "newer");
  assertEquals(heads.get("c")?.hash, "hash of c");
});

Deno.test("Heads gives what is expected, and proves what is stored", () => {
  const heads = new Heads(10);
  heads.set("a", head("stored", 3));
  heads.expect("a", "expected");
  heads.expect("b", "new");
  assertEquals(heads.get("a")?.hash, "expected");
  assertEquals(heads.proofs(["a", "b"]), [
    { trace_id: "a", seq: 3, event_id: "event 3", epoch: 1 },
    { trace_id: "b", seq: 0, event_id: null, epoch: -1 },
  ]);
});

Deno.test("Heads goes on expecting the later of two groups when the first is committed", () => {
  const heads = new Heads(10);
  heads.expect("a", "first");
  heads.expect("a", "second");
  heads.confirm("a", head("first", 1));
  assertEquals(heads.get("a")?.hash, "second");
  heads.confirm("a", head("second", 2));
  assertEquals(heads.get("a")?.hash, "second");
  assertEquals(heads.proofs(["a"]), [
    { trace_id: "a", seq: 2, event_id: "event 2", epoch: 1 },
  ]);
});

Deno.test("Heads forgets everything where what was expected did not come to be", () => {
  const heads = new Heads(10);
  heads.set("a", head("stored", 3));
  heads.expect("a", "expected");
  heads.reset();
  assertEquals(heads.get("a"), undefined);
});

Deno.test("lesson 14: heads are forgotten also while appends never pause", async () => {
  // A sink's heads are its own, so what is kept is seen where it is put.
  const set = Heads.prototype.set;
  const kept: Heads[] = [];
  Heads.prototype.set = function (trace_id, stored) {
    if (!kept.includes(this)) kept.push(this);
    set.call(this, trace_id, stored);
  };
  let most = 0;
  try {
    await using sink = await SqliteSink.open(":memory:", {
      driver: "builtin",
      codec: new AesGcmCodec(KEY),
      headsMax: 8,
    });
    let next = 1;
    const payload = { text: "x".repeat(2000) };
    const appender = async () => {
      while (next <= 2000) {
        const n = next++;
        await sink.append(sample(n, { trace_id: uuid(50_000 + n), payload }));
        if (n % 50 > 0) continue;
        const traces = Array.from({ length: n }, (_, i) => uuid(50_001 + i));
        const known = traces.filter((trace_id) => kept[0]!.get(trace_id));
        most = Math.max(most, known.length);
      }
    };
    await Promise.all(Array.from({ length: 64 }, appender));
  } finally {
    Heads.prototype.set = set;
  }
  // Groups that are on their way need their heads, beside those that are kept.
  assert(most <= 8 + 2 * 64, `${most} heads`);
});
