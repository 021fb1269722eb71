import { assertEquals } from "@std/assert";
import {
  type AnswerShape,
  misfit,
} from "../../../backends/local_docker/answer_shape.ts";

const SHAPE: AnswerShape = {
  "": "object",
  "State.Running": "boolean",
  "Names": "list?",
  "Names.*": "string",
  "Mounts.*.Target": "string",
};

Deno.test("misfit finds nothing wrong with what has everything, and more", () => {
  for (
    const answer of [
      { State: { Running: false } },
      { State: { Running: true, Pid: 1 }, Names: ["a"], Mounts: [] },
      { State: { Running: true }, Names: null, Mounts: [{ Target: "/a" }] },
    ]
  ) assertEquals(misfit(answer, SHAPE), undefined);
  assertEquals(misfit(undefined, {}), undefined);
});

Deno.test("misfit says what is of another type, wherever it is", () => {
  const State = { Running: true };
  const cases: readonly (readonly [unknown, string])[] = [
    [undefined, "it is undefined"],
    [null, "it is null"],
    [[], "it is []"],
    ["x", 'it is "x"'],
    [{}, "its State.Running is undefined"],
    [{ State: null }, "its State.Running is undefined"],
    [{ State: { Running: 1 } }, "its State.Running is 1"],
    [{ State, Names: {} }, "its Names is {}"],
    [{ State, Names: ["a", null] }, "its Names.* is null"],
    [{ State, Mounts: [{}] }, "its Mounts.*.Target is undefined"],
    [{ State, Mounts: [null] }, "its Mounts.*.Target is undefined"],
  ];
  for (const [answer, found] of cases) {
    assertEquals(misfit(answer, SHAPE), found);
  }
});

Deno.test("misfit shows no more than the beginning of what it found", () => {
  const found = misfit({ Id: ["x".repeat(1_000)] }, { Id: "string" });
  assertEquals(found?.length, "its Id is ".length + 100);
});
