import { BackendError, type Sandbox } from "../../../backends/mod.ts";
import { type Breach, breach, never, turns } from "./breach.ts";
import { HELLO, Sound } from "./sound.ts";

/** Ends that break a rule. */
export const DESTROYING: readonly Breach[] = [
  breach(
    "only forgets what it destroys",
    "leaves nothing of a sandbox that it destroyed",
    (sound) => {
      const gone = new Set<Sandbox>();
      return {
        destroy: (sandbox) => {
          gone.add(sandbox);
          return Promise.resolve();
        },
        exec: async (sandbox, ...of) => {
          if (!gone.has(sandbox)) return await sound.exec(sandbox, ...of);
          throw new BackendError("sandbox_gone", "The sandbox was destroyed");
        },
      };
    },
  ),
  breach(
    "resolves before a sandbox has ended",
    "leaves nothing of a sandbox that it destroyed",
    (sound) => ({
      destroy: (sandbox) => {
        turns(20).then(() => sound.destroy(sandbox));
        return Promise.resolve();
      },
    }),
  ),
  breach(
    "says that a call failed where the sandbox is gone",
    "runs nothing in a sandbox that it destroyed",
    (sound) => ({
      exec: async (...of) => {
        try {
          return await sound.exec(...of);
        } catch (error) {
          if (!(error instanceof BackendError)) throw error;
          return { status: 500, error: error.message };
        }
      },
    }),
  ),
  breach(
    "runs calls wherever it is told to",
    "runs nothing in a sandbox that is another backend's",
    (sound) => ({
      exec: async (sandbox, ...of) => {
        if (!sound.handles.has(sandbox)) return { ...HELLO };
        return await sound.exec(sandbox, ...of);
      },
    }),
  ),
  (() => {
    // By their names alone, two backends' sandboxes are the same.
    const all: Sound[] = [];
    const { open, ...rest } = breach(
      "destroys what is another backend's",
      "runs nothing in a sandbox that is another backend's",
      () => ({
        destroy: async (sandbox) => {
          for (const each of all) {
            await Sound.prototype.destroy.call(each, sandbox);
          }
        },
      }),
    );
    return {
      ...rest,
      open: () => {
        const opened = open();
        all.push(opened);
        return opened;
      },
    };
  })(),
  breach(
    "finds nothing wrong with an id that is empty",
    "runs nothing in a sandbox that nobody launched",
    (sound) => ({
      exec: async (sandbox, ...of) => {
        if (sandbox.id === "") return { ...HELLO };
        return await sound.exec(sandbox, ...of);
      },
    }),
  ),
  breach(
    "fails to destroy what nobody launched as JavaScript does",
    "runs nothing in a sandbox that nobody launched",
    (sound) => ({
      destroy: async (sandbox) => {
        const { id } = sound.handles.get(sandbox) as Sandbox;
        if (id !== "") await sound.destroy(sandbox);
      },
    }),
  ),
  breach(
    "fails to destroy a sandbox again",
    "can destroy a sandbox again, also while it does",
    (sound) => {
      const gone = new Set<Sandbox>();
      return {
        destroy: async (sandbox) => {
          if (gone.has(sandbox)) throw new BackendError("sandbox_gone", "Gone");
          gone.add(sandbox);
          await sound.destroy(sandbox);
        },
      };
    },
  ),
  breach(
    "does nothing at the end of `await using`",
    "destroys a sandbox at the end of its `await using`",
    (sound) => ({
      launch: async (...of) => {
        const sandbox = await sound.inner.launch(...of);
        return sound.handle(sandbox, {
          [Symbol.asyncDispose]: () => Promise.resolve(),
        });
      },
    }),
  ),
  breach(
    "lets the calls hang that run in what it destroys",
    "ends with `sandbox_gone` the calls that run in what it destroys",
    (sound) => ({
      exec: async (sandbox, call, options) => {
        if (call.name !== "slow") {
          return await sound.exec(sandbox, call, options);
        }
        return await never();
      },
    }),
  ),
  breach(
    "says 500 of the calls that run in what it destroys",
    "ends with `sandbox_gone` the calls that run in what it destroys",
    (sound) => ({
      exec: (...of) =>
        sound.exec(...of).catch((error) => ({
          status: 500,
          error: `${error}`,
        })),
    }),
  ),
];
