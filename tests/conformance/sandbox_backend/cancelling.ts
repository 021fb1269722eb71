import { assertEquals } from "@std/assert";
import { BackendError, type Sandbox } from "../../../backends/mod.ts";
import {
  assertCode,
  assertFailed,
  assertObserved,
  assertReason,
  later,
  moment,
} from "./asserts.ts";
import { CountedSignal } from "../_counted_signal.ts";
import type { RuleContext, SandboxBackendRule } from "./rule.ts";

/** Reasons of every kind, those that are easily taken for none included. */
const REASONS: readonly unknown[] = [
  new Error("the caller's own"),
  new DOMException("Signal timed out.", "TimeoutError"),
  "text",
  { code: "own" },
  null,
  0,
  "",
];

/** How long a call that runs may take in the tests, in milliseconds. */
const LIMIT_MS = 150;

/** A limit that no test reaches. */
const FAR_MS = 600_000;

/** How long after its start, in milliseconds, a call is aborted. */
const MOMENTS = [0, 1, 30, 250];

/** How long after its start, at most, a launch is aborted. */
const LAUNCH_MOMENT_MS_MAX = 1000;

/** How many calls wait for their limits at once. */
const WAITING = 12;

/** Checks what has become of a sandbox one of whose calls was cut short. */
async function assertLives(
  { supports, calls, exec, assertWorks }: RuleContext,
  sandbox: Sandbox,
): Promise<void> {
  if (supports.liveCancellation) return await assertWorks(sandbox);
  try {
    await assertWorks(sandbox);
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    assertEquals(error.code, "sandbox_gone");
    // Gone is gone.
    await assertCode("sandbox_gone", () => exec(sandbox, calls.works.call));
  }
}

/** Signals and time limits. */
export const CANCELLING: readonly SandboxBackendRule[] = [
  {
    name: "does nothing under a signal that was aborted, and throws its reason",
    check: async ({ backend, calls, spec, launch, assertRunning }) => {
      const { call } = calls.works;
      const sandbox = await launch();
      for (const reason of [undefined, ...REASONS]) {
        const signal = AbortSignal.abort(reason);
        const given = signal.reason;
        await assertReason(given, () => backend.launch(spec(), { signal }));
        await assertReason(
          given,
          () => backend.exec(sandbox, call, { signal }),
        );
      }
      await assertRunning(1);
    },
  },
  {
    name: "runs no call whose signal was aborted",
    needs: ["isolation"],
    check: async ({ backend, calls, launch, exec }) => {
      const { set, get, unset } = calls.state!;
      const sandbox = await launch();
      const reason = new Error("the caller's own");
      const signal = AbortSignal.abort(reason);
      await assertReason(reason, () => backend.exec(sandbox, set, { signal }));
      assertObserved(await exec(sandbox, get), unset);
    },
  },
  {
    name: "lesson 23: leaves nothing of a launch that is aborted at any moment",
    check: async ({ spec, launch, destroy, untilRunning, assertWorks }) => {
      // From the first step to where a launch is done before it is aborted.
      for (let ms = 0; ms <= LAUNCH_MOMENT_MS_MAX; ms = ms * 2 + 1) {
        const reason = REASONS[ms % REASONS.length];
        const controller = new AbortController();
        const { signal } = controller;
        const launching = later(launch(spec(), { signal }));
        if (ms > 0) await moment(ms, launching);
        controller.abort(reason);
        const sandbox = await launching.catch((error) => {
          if (!Object.is(error, reason)) throw error;
        });
        if (sandbox === undefined) {
          await untilRunning(0);
          continue;
        }
        await assertWorks(sandbox);
        await destroy(sandbox);
        if (ms > 0) break;
      }
      await assertWorks(await launch());
    },
  },
  {
    name: "heeds a signal no more once the launch or the call is done",
    check: async ({ calls, spec, launch, exec, assertWorks }) => {
      const controller = new AbortController();
      const { signal } = controller;
      const sandbox = await launch(spec(), { signal });
      await exec(sandbox, calls.works.call, { signal });
      controller.abort(new Error("too late"));
      await assertWorks(sandbox);
    },
  },
  {
    name: "lesson 35: leaves no listener on a signal that outlives its calls",
    check: async ({ calls, spec, launch, exec }) => {
      const counted = new CountedSignal();
      const { signal } = counted;
      const sandbox = await launch(spec(), { signal });
      counted.assertLeft("a launch");
      await exec(sandbox, calls.works.call, { signal, timeoutMs: FAR_MS });
      counted.assertLeft("a call");
      await exec(sandbox, calls.fails.call, { signal });
      counted.assertLeft("a call that fails");
      const refused = { ...spec(), memory: 0 };
      await assertCode("spec_refused", () => launch(refused, { signal }));
      counted.assertLeft("a launch that was refused");
      await using other = await launch();
      await other[Symbol.asyncDispose]();
      await assertCode(
        "sandbox_gone",
        () => exec(other, calls.works.call, { signal }),
      );
      counted.assertLeft("a call in a sandbox that is gone");
    },
  },
  {
    name: "says 504 of a call whose time is up",
    needs: ["timeouts"],
    check: async (context) => {
      const { calls, launch, exec } = context;
      const sandbox = await launch();
      const counted = new CountedSignal();
      const { signal } = counted;
      const { call } = calls.slow!;
      const found = await exec(sandbox, call, { timeoutMs: LIMIT_MS, signal });
      assertFailed(found, 504);
      counted.assertLeft("a call whose time was up");
      await assertLives(context, sandbox);
    },
  },
  {
    name: "says 504 of a call whose time is up before it has begun",
    needs: ["timeouts"],
    check: async (context) => {
      const { calls, launch, exec } = context;
      const sandbox = await launch();
      const found = await exec(sandbox, calls.slow!.call, { timeoutMs: 1 });
      assertFailed(found, 504);
      await assertLives(context, sandbox);
    },
  },
  {
    name: "goes on with the other calls of a sandbox when one's time is up",
    needs: ["timeouts", "liveCancellation"],
    check: async ({ calls, launch, exec, assertWorks }) => {
      const sandbox = await launch();
      const { call } = calls.slow!;
      const [short, long] = [new AbortController(), new AbortController()];
      const running = later(
        exec(sandbox, call, { signal: long.signal, timeoutMs: FAR_MS }),
      );
      const cut = later(exec(sandbox, call, { signal: short.signal }));
      const timed = later(exec(sandbox, call, { timeoutMs: LIMIT_MS }));
      await assertWorks(sandbox);
      assertFailed(await timed, 504);
      short.abort("short");
      await assertReason("short", () => cut);
      await assertWorks(sandbox);
      // It still runs: what ends it is its own signal.
      long.abort("long");
      await assertReason("long", () => running);
      await assertWorks(sandbox);
    },
  },
  {
    name: "lesson 21: goes on with others while calls wait for their limits",
    needs: ["timeouts"],
    check: async (context) => {
      const { calls, launch, exec, assertWorks } = context;
      const [busy, free] = [await launch(), await launch()];
      const controllers = Array.from(
        { length: WAITING },
        () => new AbortController(),
      );
      const waiting = controllers.map(({ signal }) => {
        const options = { signal, timeoutMs: FAR_MS };
        return later(exec(busy, calls.slow!.call, options));
      });
      await assertWorks(free);
      await assertWorks(await launch());
      for (const [n, controller] of controllers.entries()) controller.abort(n);
      for (const [n, call] of waiting.entries()) {
        if (context.supports.liveCancellation) {
          await assertReason(n, () => call);
        } else await call.catch(() => {});
      }
      await assertLives(context, busy);
    },
  },
  {
    name: "throws the very reason of a signal that is aborted amid a call",
    needs: ["timeouts"],
    check: async (context) => {
      const { calls, launch, exec } = context;
      let sandbox = await launch();
      for (const [n, ms] of MOMENTS.entries()) {
        const counted = new CountedSignal();
        const { signal } = counted;
        const reason = REASONS[n];
        const running = later(exec(sandbox, calls.slow!.call, { signal }));
        if (ms > 0) await moment(ms);
        counted.abort(reason);
        await assertReason(reason, () => running);
        counted.assertLeft("a call that was aborted");
        await assertLives(context, sandbox);
        if (!context.supports.liveCancellation) sandbox = await launch();
      }
    },
  },
];
