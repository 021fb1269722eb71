import { BackendError, type LaunchSpec } from "../../../backends/mod.ts";
import { type Breach, breach, turns } from "./breach.ts";

/** A spec as one that can be changed. */
function loose(spec: LaunchSpec): Record<string, unknown> {
  return { ...spec };
}

/** Launching that breaks a rule. */
export const LAUNCHING: readonly Breach[] = [
  breach(
    "has no name",
    "has a name and launches nothing when opened",
    () => ({ name: "" }),
  ),
  breach(
    "launches something ahead of time",
    "has a name and launches nothing when opened",
    (sound) => {
      const first = sound.launch({ image: "alpine" });
      return {
        destroy: async (sandbox) => {
          await sound.destroy(await first);
          await sound.destroy(sandbox);
        },
      };
    },
  ),
  breach(
    "gives its sandboxes another backend's name",
    "launches a sandbox with an id, an image and the backend's name",
    (sound) => ({
      launch: async (spec, options) =>
        sound.handle(await sound.inner.launch(spec, options), {
          backend: "other",
          [Symbol.asyncDispose]: () => Promise.resolve(),
        }),
    }),
  ),
  breach(
    "names sandboxes after their image",
    "gives each sandbox an id of its own",
    (sound) => ({
      launch: async (spec, options) => {
        const inner = await sound.inner.launch(spec, options);
        return sound.handle(inner, { id: inner.image });
      },
    }),
  ),
  breach(
    "fills the caller's spec in",
    "takes a spec that is frozen, and leaves the caller's as it is",
    (sound) => ({
      launch: (spec, options) =>
        sound.launch(Object.assign(spec, { ttlMs: 1000 }), options),
    }),
  ),
  breach(
    "reads the spec when it gets to it",
    "takes the spec at launch, whatever the caller changes afterwards",
    (sound) => ({
      launch: async (spec, options) => {
        options?.signal?.throwIfAborted();
        await turns(3);
        return await sound.launch(spec, options);
      },
    }),
  ),
  breach(
    "fails on what is no spec as JavaScript does",
    "refuses what is no spec",
    (sound) => ({
      launch: async (spec, options) => {
        if (spec.image === "") throw new BackendError("spec_refused", "empty");
        return await sound.launch(spec, options);
      },
    }),
  ),
  breach(
    "leaves what did not start",
    "lesson 23: leaves nothing of a launch that fails",
    (sound) => ({
      launch: async (spec, options) => {
        const sandbox = await sound.inner.launch(spec, options);
        if (!sandbox.image.startsWith("example.com/")) {
          return sound.handle(sandbox);
        }
        throw new BackendError("start_failed", "There is no such program");
      },
    }),
  ),
  breach(
    "has an image of its own where none is named",
    "refuses a spec without an image and a tier",
    (sound) => ({
      launch: (spec, options) =>
        sound.launch({ image: "alpine", ...spec }, options),
    }),
  ),
  breach(
    "ignores what it does not know",
    "refuses keys that it does not know, and names the nearest",
    (sound) => ({
      launch: async (spec, options) => {
        const { memry: _, ...known } = loose(spec);
        return await sound.launch(known, options);
      },
    }),
  ),
  breach(
    "does not say what may have been meant",
    "refuses keys that it does not know, and names the nearest",
    (sound) => ({
      launch: async (spec, options) => {
        try {
          return await sound.launch(spec, options);
        } catch (error) {
          if (!(error instanceof BackendError)) throw error;
          throw new BackendError(error.code, "The spec has an unknown key");
        }
      },
    }),
  ),
  breach(
    "takes text for a number",
    "refuses values that are of another type, or none",
    (sound) => ({
      launch: async (spec, options) => {
        const { pids, ...rest } = loose(spec);
        const number = typeof pids === "string" ? Number(pids) : pids;
        const given = pids === undefined ? rest : { ...rest, pids: number };
        return await sound.launch(given, options);
      },
    }),
  ),
  breach(
    "launches first and checks then",
    "refuses values that are of another type, or none",
    (sound) => ({
      launch: async (spec, options) => {
        const ahead = await sound.launch({ image: "alpine" }, options);
        const sandbox = await sound.launch(spec, options);
        await sound.destroy(ahead);
        return sandbox;
      },
    }),
  ),
  breach(
    "takes 0 for no bound",
    "lesson 24: refuses whatever would loosen a guard",
    (sound) => ({
      launch: async (spec, options) => {
        const { memory, ...rest } = loose(spec);
        const isBound = memory !== undefined && memory !== 0;
        return await sound.launch(
          isBound ? { ...rest, memory } : rest,
          options,
        );
      },
    }),
  ),
  breach(
    "takes whatever is not `none` for a network",
    "lesson 30: refuses a network that it does not know, as any typo is",
    (sound) => ({
      launch: async (spec, options) => {
        const { network: _, ...rest } = loose(spec);
        return await sound.launch(rest, options);
      },
    }),
  ),
  breach(
    "gives the host's network to whoever asks for it",
    "refuses the host's network, unless it was opened for that",
    (sound) => ({
      launch: async (spec, options) => {
        const { network, ...rest } = loose(spec);
        const isOpen = typeof network === "object" && network !== null &&
          "unrestricted" in network;
        const given = isOpen || network === undefined
          ? rest
          : { ...rest, network };
        return await sound.launch(given, options);
      },
    }),
  ),
  breach(
    "checks the spec of a session less",
    "refuses to open a session by a spec that it does not launch",
    (sound) => ({
      openSession: async (spec, options) => {
        const { memry: _, ...rest } = loose(spec);
        return await sound.openSession(rest, options);
      },
    }),
  ),
];
