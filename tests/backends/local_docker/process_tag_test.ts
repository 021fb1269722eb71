import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  killScript,
  processTag,
  readKillReport,
  taggedArgv,
} from "../../../backends/local_docker/process_tag.ts";

const RUNS_MAX = 1_000_000;

Deno.test("processTag: no run can get from its limits to those of another", () => {
  const run = fc.integer({ min: 1, max: RUNS_MAX });
  fc.assert(fc.property(run, run, (a, b) => {
    fc.pre(a !== b);
    const [from, to] = [processTag(a), processTag(b)];
    // Limits can only be lowered, and one of the two would have to rise.
    assert(to.rss > from.rss || to.locks > from.locks);
  }));
  for (const n of [1, RUNS_MAX]) {
    const { rss, locks } = processTag(n);
    assert(Number.isSafeInteger(rss * 1024) && Number.isSafeInteger(locks));
  }
});

Deno.test("taggedArgv keeps a program's words as they are", () => {
  const words = ["printf", "%s", "a 'b'", "", "$c"];
  const shell = { path: "/bin/sh", option: "x" } as const;
  const argv = taggedArgv(words, processTag(7), shell);
  assertEquals(argv.slice(0, 2), ["/bin/sh", "-c"]);
  assertEquals(argv.slice(4), words);
});

Deno.test("readKillReport reads what the script prints, and nothing else", () => {
  assertEquals(readKillReport("zu-ended 3 0\n"), { killed: 3, left: 0 });
  assertEquals(readKillReport("noise\nzu-ended 0 12\n"), {
    killed: 0,
    left: 12,
  });
  for (const text of ["", "zu-ended", "zu-ended 1 -1\n", " zu-ended 1 1\n"]) {
    assertEquals(readKillReport(text), undefined);
  }
});

Deno.test("killScript names the limits of its run, and whom it spares", () => {
  const { rss, locks } = processTag(3);
  const script = killScript({ rss, locks }, 42);
  assert(script.startsWith(`rss=${rss * 1024} locks=${locks} spared=42 `));
});
