import { BackendError, type Sandbox } from "../../../backends/mod.ts";
import { type Breach, breach, turns } from "./breach.ts";

/** Signals and time limits that are not heeded. */
export const CANCELLING: readonly Breach[] = [
  breach(
    "launches under a signal that was aborted",
    "does nothing under a signal that was aborted, and throws its reason",
    (sound) => ({ launch: (spec) => sound.launch(spec) }),
  ),
  breach(
    "throws an error of its own for a signal that was aborted",
    "does nothing under a signal that was aborted, and throws its reason",
    (sound) => ({
      exec: async (sandbox, call, options) => {
        if (options?.signal?.aborted) {
          const cause = options.signal.reason;
          throw new Error("aborted", { cause });
        }
        return await sound.exec(sandbox, call, options);
      },
    }),
  ),
  breach(
    "takes a reason of null for none",
    "does nothing under a signal that was aborted, and throws its reason",
    (sound) => ({
      exec: async (sandbox, call, options) => {
        if (options?.signal?.reason) throw options.signal.reason;
        return await sound.exec(sandbox, call);
      },
    }),
  ),
  breach(
    "throws at once, in place of rejecting",
    "does nothing under a signal that was aborted, and throws its reason",
    (sound) => ({
      launch: (spec, options) => {
        options?.signal?.throwIfAborted();
        return sound.launch(spec, options);
      },
    }),
  ),
  breach(
    "looks at the signal when the call is done",
    "runs no call whose signal was aborted",
    (sound) => ({
      exec: async (sandbox, call, options) => {
        const observation = await sound.exec(sandbox, call);
        options?.signal?.throwIfAborted();
        return observation;
      },
    }),
  ),
  breach(
    "leaves what a launch had made when it was aborted",
    "lesson 23: leaves nothing of a launch that is aborted at any moment",
    (sound) => ({
      launch: async (spec, options) => {
        const sandbox = await sound.launch(spec, options);
        await turns(3);
        options?.signal?.throwIfAborted();
        return sandbox;
      },
    }),
  ),
  breach(
    "destroys a sandbox when the signal of its launch is aborted later",
    "heeds a signal no more once the launch or the call is done",
    (sound) => ({
      launch: async (spec, options) => {
        const sandbox = await sound.launch(spec, options);
        options?.signal?.addEventListener("abort", () => {
          sound.destroy(sandbox);
        });
        return sandbox;
      },
    }),
  ),
  breach(
    "leaves a listener on the signal of a launch",
    "lesson 35: leaves no listener on a signal that outlives its calls",
    (sound) => ({
      launch: (spec, options) => {
        options?.signal?.addEventListener("abort", () => {});
        return sound.launch(spec, options);
      },
    }),
  ),
  breach(
    "leaves a listener on the signal of a call that fails",
    "lesson 35: leaves no listener on a signal that outlives its calls",
    (sound) => ({
      exec: async (sandbox, call, options) => {
        const listener = () => {};
        options?.signal?.addEventListener("abort", listener);
        const observation = await sound.exec(sandbox, call, options);
        if (observation.status !== 200) return observation;
        options?.signal?.removeEventListener("abort", listener);
        return observation;
      },
    }),
  ),
  breach(
    "does not heed the time limit",
    "says 504 of a call whose time is up",
    (sound) => ({
      exec: (sandbox, call, options = {}) => {
        const { timeoutMs: _, ...rest } = options;
        return sound.exec(sandbox, call, rest);
      },
    }),
  ),
  breach(
    "throws when a call's time is up",
    "says 504 of a call whose time is up",
    (sound) => ({
      exec: async (...of) => {
        const observation = await sound.exec(...of);
        if (observation.status !== 504) return observation;
        throw new BackendError("timeout", "The call's time is up");
      },
    }),
  ),
  breach(
    "ends a sandbox when a call's time is up, and declares that it does not",
    "says 504 of a call whose time is up before it has begun",
    (sound) => ({
      exec: async (sandbox, call, options) => {
        const observation = await sound.exec(sandbox, call, options);
        if (observation.status === 504) await sound.destroy(sandbox);
        return observation;
      },
    }),
  ),
  breach(
    "ends all calls of a sandbox when one's time is up",
    "goes on with the other calls of a sandbox when one's time is up",
    (sound) => {
      const all = new Map<Sandbox, AbortController>();
      return {
        exec: async (sandbox, call, options = {}) => {
          const shared = all.get(sandbox) ?? new AbortController();
          all.set(sandbox, shared);
          const { signal: own = shared.signal } = options;
          const signal = AbortSignal.any([shared.signal, own]);
          const given = { ...options, signal };
          const observation = await sound.exec(sandbox, call, given);
          if (observation.status === 504) {
            all.delete(sandbox);
            shared.abort("another call's time is up");
          }
          return observation;
        },
      };
    },
  ),
  breach(
    "has so many calls at once and no more",
    "lesson 21: goes on with others while calls wait for their limits",
    (sound) => {
      let free = 4;
      const waiting: (() => void)[] = [];
      return {
        exec: async (...of) => {
          if (free === 0) {
            await new Promise<void>((resolve) => waiting.push(resolve));
          } else free--;
          try {
            return await sound.exec(...of);
          } finally {
            const next = waiting.shift();
            if (next === undefined) free++;
            else next();
          }
        },
      };
    },
  ),
  breach(
    "says 499 of a call that is aborted",
    "throws the very reason of a signal that is aborted amid a call",
    (sound) => ({
      exec: async (sandbox, call, options) => {
        options?.signal?.throwIfAborted();
        try {
          return await sound.exec(sandbox, call, options);
        } catch (error) {
          if (!options?.signal?.aborted) throw error;
          return { status: 499, error: "aborted" };
        }
      },
    }),
  ),
];
