import { assert, assertEquals } from "@std/assert";
import type { Observation, ToolCall } from "../../../backends/mod.ts";
import {
  assertFailed,
  assertObserved,
  called,
  each,
  frozen,
  later,
  rejection,
} from "./asserts.ts";
import type { SandboxBackendRule } from "./rule.ts";

/** A call of a tool that there is not. */
const UNKNOWN_TOOL: ToolCall = { name: "no_such_tool", args: {} };

/** What is no time limit. */
const NO_LIMITS: readonly unknown[] = [-1, NaN, "1000"];

/** How many calls or sandboxes a rule has at once. */
const CALLS_AT_ONCE = 16;
const SANDBOXES_AT_ONCE = 4;

/** Spoils an observation as a caller might. */
function spoil(observation: Observation): void {
  const own = observation as Record<string, unknown>;
  for (const value of Object.values(own)) {
    if (Array.isArray(value)) value.push("spoilt");
    else if (typeof value === "object" && value !== null) {
      Object.assign(value, { spoilt: true });
    }
  }
  Object.assign(own, { status: 999, error: "spoilt" });
}

/** What a call gives. */
export const EXECUTING: readonly SandboxBackendRule[] = [
  {
    name: "returns what a tool says, with an integer for a status",
    check: async ({ launch, assertWorks }) => {
      const sandbox = await launch();
      await assertWorks(sandbox);
      await assertWorks(sandbox);
    },
  },
  {
    name: "returns what a failing tool says, and does not throw",
    check: async ({ calls, launch, exec, assertWorks }) => {
      const sandbox = await launch();
      const { call, status = 500 } = calls.fails;
      assertFailed(await exec(sandbox, call), status);
      await assertWorks(sandbox);
      assertFailed(await exec(sandbox, call), status);
    },
  },
  {
    name: "says of a tool that there is not that the call failed",
    check: async ({ calls, launch, exec, assertWorks }) => {
      const sandbox = await launch();
      const { call } = calls.unknownTool ?? { call: UNKNOWN_TOOL };
      assertFailed(await exec(sandbox, call));
      await assertWorks(sandbox);
    },
  },
  {
    name:
      "lesson 29: says of arguments that a tool does not take that the call failed",
    needs: ["calls.badArguments"],
    check: async ({ calls, launch, exec, assertWorks }) => {
      const sandbox = await launch();
      const cases = calls.badArguments!.map(({ call }) =>
        [JSON.stringify(call), call] as const
      );
      await each(cases, async (call) => {
        assertFailed(await exec(sandbox, call));
      });
      await assertWorks(sandbox);
    },
  },
  {
    name: "gives each caller an observation of its own",
    check: async ({ calls, launch, exec, assertWorks }) => {
      const sandbox = await launch();
      for (const { call } of [calls.works, calls.fails]) {
        const first = await exec(sandbox, call);
        assert(
          !Object.isFrozen(first),
          "it is frozen, and so not the caller's",
        );
        spoil(first);
      }
      await assertWorks(sandbox);
      const { call, status = 500 } = calls.fails;
      assertFailed(await exec(sandbox, call), status);
    },
  },
  {
    name: "takes the call at exec, whatever the caller changes afterwards",
    check: async ({ calls, launch, exec }) => {
      const sandbox = await launch();
      const { call, observation } = calls.works;
      const given = { ...structuredClone(call) } as Record<string, unknown>;
      const executing = later(exec(sandbox, given as unknown as ToolCall));
      Object.assign(given.args as object, { changed: [true] });
      Object.assign(given, { name: "changed", args: {} });
      assertObserved(await executing, observation);
      const kept = frozen(structuredClone(call));
      assertObserved(await exec(sandbox, kept), observation);
      const own = structuredClone(call);
      await exec(sandbox, own);
      assertEquals(own, call, "the caller's call was changed");
    },
  },
  {
    name:
      "takes a time limit that is not reached, and refuses one that is none",
    check: async ({ backend, calls, launch, exec, assertWorks }) => {
      const sandbox = await launch();
      const { call, observation } = calls.works;
      assertObserved(
        await exec(sandbox, call, { timeoutMs: 600_000 }),
        observation,
      );
      for (const limit of NO_LIMITS) {
        const timeoutMs = limit as number;
        const error = await rejection(
          called(() => backend.exec(sandbox, call, { timeoutMs })),
        );
        const isMisuse = error instanceof RangeError ||
          error instanceof TypeError;
        assert(isMisuse, `${limit}: ${Deno.inspect(error)}`);
      }
      await assertWorks(sandbox);
    },
  },
  {
    name: "runs many calls at once, and gives each what came of it",
    check: async ({ calls, launch, exec }) => {
      const sandbox = await launch();
      const { works, fails } = calls;
      const all = Array.from(
        { length: CALLS_AT_ONCE },
        (_, n) => exec(sandbox, (n % 3 === 2 ? fails : works).call),
      );
      for (const [n, observation] of (await Promise.all(all)).entries()) {
        if (n % 3 === 2) assertFailed(observation, fails.status ?? 500);
        else assertObserved(observation, works.observation);
      }
    },
  },
  {
    name: "does not mix up what comes of calls at once, in two sandboxes",
    needs: ["calls.echo"],
    check: async ({ calls, launch, exec }) => {
      const sandboxes = [await launch(), await launch()];
      const all = Array.from({ length: CALLS_AT_ONCE * 2 }, async (_, n) => {
        const { call, observation } = calls.echo!(n);
        assertObserved(await exec(sandboxes[n % 2]!, call), observation);
      });
      await Promise.all(all);
    },
  },
  {
    name: "serves many sandboxes at once, from launch to end",
    check: async (context) => {
      const { launch, destroy, assertRunning, assertWorks } = context;
      const launches = Array.from(
        { length: SANDBOXES_AT_ONCE },
        () => launch(),
      );
      const sandboxes = await Promise.all(launches);
      const ids = new Set(sandboxes.map(({ id }) => id));
      assertEquals(ids.size, SANDBOXES_AT_ONCE);
      await assertRunning(SANDBOXES_AT_ONCE);
      await Promise.all(sandboxes.map(assertWorks));
      await Promise.all(sandboxes.map(destroy));
      await assertRunning(0);
    },
  },
];
