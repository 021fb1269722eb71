import { assertObserved, assertSucceeded } from "./asserts.ts";
import type { SandboxBackendRule } from "./rule.ts";

/** What sandboxes see of each other. */
export const ISOLATION: readonly SandboxBackendRule[] = [
  {
    name: "keeps in a sandbox what its calls leave there",
    needs: ["isolation"],
    check: async ({ calls, launch, exec }) => {
      const { set, get, unset, found } = calls.state!;
      const sandbox = await launch();
      assertObserved(await exec(sandbox, get), unset);
      assertSucceeded(await exec(sandbox, set));
      assertObserved(await exec(sandbox, get), found);
      assertObserved(await exec(sandbox, get), found);
    },
  },
  {
    name: "shows nothing of a sandbox to others, before and after its end",
    needs: ["isolation"],
    check: async ({ calls, launch, exec, destroy }) => {
      const { set, get, unset, found } = calls.state!;
      const [before, other] = [await launch(), await launch()];
      assertSucceeded(await exec(before, set));
      assertObserved(await exec(other, get), unset);
      assertObserved(await exec(await launch(), get), unset);
      assertObserved(await exec(before, get), found);
      await destroy(before);
      assertObserved(await exec(await launch(), get), unset);
    },
  },
];
