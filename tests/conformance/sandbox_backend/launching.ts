import { assert, assertEquals } from "@std/assert";
import type { LaunchSpec } from "../../../backends/mod.ts";
import { assertCode, each, frozen, later } from "./asserts.ts";
import type { SandboxBackendRule } from "./rule.ts";

/** What is no spec at all. */
const NO_SPECS: readonly unknown[] = [null, "alpine", 5, [], true];

/** What a launch gives, and what it leaves alone. */
export const LAUNCHING: readonly SandboxBackendRule[] = [
  {
    name: "has a name and launches nothing when opened",
    check: async ({ backend, assertRunning }) => {
      const { name } = backend;
      assert(typeof name === "string" && name !== "", `its name: ${name}`);
      await assertRunning(0);
    },
  },
  {
    name: "offers sessions, as it declares",
    needs: ["sessions"],
    // deno-lint-ignore require-await -- a check is a promise
    check: async ({ backend }) => {
      const { openSession }: { openSession?: unknown } = backend as object;
      assertEquals(typeof openSession, "function", "openSession");
    },
  },
  {
    name: "launches a sandbox with an id, an image and the backend's name",
    check: async ({ backend, launch, assertRunning, assertWorks }) => {
      const sandbox = await launch();
      for (const field of ["id", "image", "backend"] as const) {
        const value = sandbox[field];
        assert(typeof value === "string" && value !== "", `${field}: ${value}`);
      }
      assertEquals(sandbox.backend, backend.name);
      await assertRunning(1);
      await assertWorks(sandbox);
    },
  },
  {
    name: "gives each sandbox an id of its own",
    check: async ({ launch, destroy }) => {
      const first = await launch();
      await destroy(first);
      const all = [first, await launch(), await launch()];
      assertEquals(new Set(all.map(({ id }) => id)).size, all.length);
    },
  },
  {
    name: "takes a spec that is frozen, and leaves the caller's as it is",
    check: async ({ spec, launch, assertWorks }) => {
      const given = spec();
      await launch(given);
      assertEquals(given, spec());
      await assertWorks(await launch(frozen(spec())));
    },
  },
  {
    name: "takes the spec at launch, whatever the caller changes afterwards",
    check: async ({ spec, launch, assertWorks }) => {
      const { image } = await launch();
      const given = spec() as Record<string, unknown>;
      const launching = later(launch(given));
      for (const [key, value] of Object.entries(given)) {
        if (Array.isArray(value)) value.splice(0, value.length, "/no/such");
        else if (typeof value === "object" && value !== null) {
          Object.assign(value, { ZU_CHANGED: "1" });
        } else delete given[key];
      }
      Object.assign(given, { image: "example.com/no/such:1", cpus: -1 });
      const sandbox = await launching;
      assertEquals(sandbox.image, image);
      Object.assign(given, { memory: 0 });
      await assertWorks(sandbox);
    },
  },
  {
    name: "refuses what is no spec",
    check: async ({ launch, assertRunning }) => {
      for (const spec of NO_SPECS) {
        await assertCode("spec_refused", () => launch(spec as LaunchSpec));
      }
      await assertRunning(0);
    },
  },
  {
    name: "lesson 23: leaves nothing of a launch that fails",
    needs: ["failing"],
    check: async ({ failing, launch, assertRunning, assertWorks }) => {
      const cases = failing.map((failure) => [failure.why, failure] as const);
      await each(cases, async ({ spec, code }) => {
        await assertCode(code, () => launch(structuredClone(spec)));
        await assertRunning(0);
      });
      await assertWorks(await launch());
    },
  },
];
