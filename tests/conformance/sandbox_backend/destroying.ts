import { assert } from "@std/assert";
import {
  BackendError,
  type Sandbox,
  type SandboxBackend,
} from "../../../backends/mod.ts";
import { assertCode, called, later, moment } from "./asserts.ts";
import type { SandboxBackendRule } from "./rule.ts";

/** Ids of sandboxes that there are not. */
const MADE_UP_IDS = ["no-such", "", "/", "../../version", "0".repeat(64)];

/** How long after its call's start, in milliseconds, a sandbox is destroyed. */
const MOMENTS = [0, 1, 30, 250];

/** A sandbox that nobody launched. */
function madeUp(id: string, backend: string): Sandbox {
  return {
    id,
    image: "made-up",
    backend,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Destroys what is not the backend's; it may refuse to, as a backend does. */
async function destroyOther(
  backend: SandboxBackend,
  sandbox: Sandbox,
): Promise<void> {
  try {
    await called(() => backend.destroy(sandbox));
  } catch (error) {
    assert(error instanceof BackendError, `failed with ${Deno.inspect(error)}`);
  }
}

/** The end of a sandbox, and what holds after it. */
export const DESTROYING: readonly SandboxBackendRule[] = [
  {
    name: "leaves nothing of a sandbox that it destroyed",
    needs: ["running"],
    check: async ({ launch, destroy, assertRunning, assertWorks }) => {
      const [first, second] = [await launch(), await launch()];
      await destroy(first);
      await assertRunning(1);
      await assertWorks(second);
      await destroy(second);
      await assertRunning(0);
    },
  },
  {
    name: "runs nothing in a sandbox that it destroyed",
    check: async ({ calls, launch, exec, destroy }) => {
      const sandbox = await launch();
      const { call } = calls.works;
      await destroy(sandbox);
      await assertCode("sandbox_gone", () => exec(sandbox, call));
      const other = await launch();
      const ending = later(destroy(other));
      await ending;
      await assertCode("sandbox_gone", () => exec(other, call));
      await assertCode("sandbox_gone", () => exec(sandbox, call));
    },
  },
  {
    name: "runs nothing in a sandbox that is another backend's",
    check: async ({ backend, calls, open, launchOn, exec }) => {
      const { call, observation } = calls.works;
      const other = await open();
      const sandbox = await launchOn(other);
      await assertCode("sandbox_gone", () => exec(sandbox, call));
      await destroyOther(backend, sandbox);
      const { status } = await other.exec(sandbox, call);
      assert(status === observation.status, "another backend destroyed it");
    },
  },
  {
    name: "runs nothing in a sandbox that nobody launched",
    check: async ({ backend, calls, launch, exec, assertWorks }) => {
      const sandbox = await launch();
      for (const id of MADE_UP_IDS) {
        const none = madeUp(id, backend.name);
        await assertCode("sandbox_gone", () => exec(none, calls.works.call));
        await destroyOther(backend, none);
      }
      await assertWorks(sandbox);
    },
  },
  {
    name: "can destroy a sandbox again, also while it does",
    check: async ({ launch, destroy, soon, assertRunning }) => {
      const sandbox = await launch();
      const disposed = later(
        Promise.resolve(sandbox[Symbol.asyncDispose]()),
      );
      await Promise.all([
        destroy(sandbox),
        destroy(sandbox),
        soon("the disposal", disposed),
      ]);
      await assertRunning(0);
      await destroy(sandbox);
      await soon("dispose", Promise.resolve(sandbox[Symbol.asyncDispose]()));
    },
  },
  {
    name: "destroys a sandbox at the end of its `await using`",
    check: async ({ calls, launch, exec, assertRunning, assertWorks }) => {
      let left: Sandbox;
      {
        await using sandbox = await launch();
        await assertWorks(sandbox);
        left = sandbox;
      }
      await assertRunning(0);
      await assertCode("sandbox_gone", () => exec(left, calls.works.call));
    },
  },
  {
    name: "ends with `sandbox_gone` the calls that run in what it destroys",
    needs: ["timeouts"],
    check: async (context) => {
      const { calls, launch, exec, destroy, assertRunning } = context;
      const { call } = calls.slow!;
      for (const ms of MOMENTS) {
        const sandbox = await launch();
        const ends = [call, call].map((each) => {
          const running = later(exec(sandbox, each, { timeoutMs: 600_000 }));
          return assertCode("sandbox_gone", () => running);
        });
        if (ms > 0) await moment(ms);
        await destroy(sandbox);
        await Promise.all(ends);
        await assertRunning(0);
      }
    },
  },
];
