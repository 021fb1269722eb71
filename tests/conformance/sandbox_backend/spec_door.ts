import { assertStringIncludes } from "@std/assert";
import type { BackendErrorCode, LaunchSpec } from "../../../backends/mod.ts";
import { assertCode, each } from "./asserts.ts";
import type { RuleContext, SandboxBackendRule } from "./rule.ts";
import { LOOSE, MISTYPED, NETWORK_TYPOS, TYPOS } from "./spec_cases.ts";

/** Checks that each change of the spec is refused, and that nothing is launched. */
async function assertRefused(
  { launch, spec, assertRunning }: RuleContext,
  codes: BackendErrorCode | readonly BackendErrorCode[],
  changes: Iterable<readonly [what: string, change: object]>,
): Promise<void> {
  await each(changes, async (change) => {
    const changed: LaunchSpec = { ...spec(), ...change };
    await assertCode(codes, () => launch(changed));
  });
  await assertRunning(0);
}

/** The changes, each named after itself. */
function named(
  changes: readonly object[],
): ReadonlyArray<readonly [string, object]> {
  return changes.map((change) => [Deno.inspect(change, { depth: 5 }), change]);
}

/** Which specs are refused, before anything is touched. */
export const SPEC_DOOR: readonly SandboxBackendRule[] = [
  {
    name: "refuses a spec without an image and a tier",
    check: async ({ launch, spec, assertRunning }) => {
      const { image: _, tier: __, ...rest } = spec();
      for (const given of [{}, rest]) {
        await assertCode("spec_refused", () => launch(given));
      }
      await assertRunning(0);
    },
  },
  {
    name: "refuses keys that it does not know, and names the nearest",
    check: async ({ launch, spec, assertRunning }) => {
      await each(Object.entries(TYPOS), async ({ change, meant }) => {
        const given = { ...spec(), ...change } as LaunchSpec;
        const { message } = await assertCode(
          "spec_refused",
          () => launch(given),
        );
        assertStringIncludes(message, Object.keys(change)[0]!);
        assertStringIncludes(message, meant);
      });
      await assertRunning(0);
    },
  },
  {
    name: "refuses values that are of another type, or none",
    check: (context) => assertRefused(context, "spec_refused", named(MISTYPED)),
  },
  {
    name: "lesson 24: refuses whatever would loosen a guard",
    check: (context) =>
      assertRefused(context, "spec_refused", Object.entries(LOOSE)),
  },
  {
    name: "lesson 30: refuses a network that it does not know, as any typo is",
    check: (context) =>
      assertRefused(
        context,
        "network_refused",
        named(NETWORK_TYPOS.map((network) => ({ network }))),
      ),
  },
  {
    name: "refuses the host's network, unless it was opened for that",
    unless: "unrestrictedNetwork",
    check: (context) =>
      assertRefused(
        context,
        "network_refused",
        named([{ network: { unrestricted: true } }]),
      ),
  },
  {
    name: "refuses to open a session by a spec that it does not launch",
    needs: ["sessions"],
    check: async ({ openSession, session, spec, assertRunning }) => {
      const base = session.spec ?? spec();
      const changes = [{ memry: "1g" }, { memory: 0 }, { image: 5 }];
      for (const change of changes) {
        const given = { ...base, ...change } as LaunchSpec;
        await assertCode("spec_refused", () => openSession({}, given));
        const shared = { runKey: "run" };
        await assertCode("spec_refused", () => openSession(shared, given));
      }
      await assertRunning(0);
    },
  },
];
