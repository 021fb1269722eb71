import {
  BackendError,
  type Observation,
  type ToolCall,
} from "../../../backends/mod.ts";
import { type Breach, breach, turns } from "./breach.ts";

/** Throws what a call's failure is, in place of saying it. */
function throwing(sound: Parameters<Parameters<typeof breach>[2]>[0]) {
  return async (
    ...of: Parameters<typeof sound.exec>
  ): Promise<Observation> => {
    const observation = await sound.exec(...of);
    if (observation.status < 400) return observation;
    throw new BackendError("engine_failed", `The call failed: ${of[1].name}`);
  };
}

/** Calls that break a rule. */
export const EXECUTING: readonly Breach[] = [
  breach(
    "says the status as text",
    "returns what a tool says, with an integer for a status",
    (sound) => ({
      exec: async (...of) => {
        const observation = await sound.exec(...of);
        const status = String(observation.status) as unknown as number;
        return { ...observation, status };
      },
    }),
  ),
  breach(
    "throws when a tool fails",
    "returns what a failing tool says, and does not throw",
    (sound) => ({ exec: throwing(sound) }),
  ),
  breach(
    "throws when there is no such tool",
    "says of a tool that there is not that the call failed",
    (sound) => ({ exec: throwing(sound) }),
  ),
  breach(
    "says that bad arguments went well",
    "lesson 29: says of arguments that a tool does not take that the call failed",
    (sound) => ({
      exec: async (...of) => ({ ...await sound.exec(...of), status: 200 }),
    }),
  ),
  breach(
    "remembers what came of a call, and gives that to all",
    "gives each caller an observation of its own",
    (sound) => {
      const remembered = new Map<string, Observation>();
      return {
        exec: async (sandbox, call, options) => {
          const observation = remembered.get(call.name) ??
            await sound.exec(sandbox, call, options);
          remembered.set(call.name, observation);
          return observation;
        },
      };
    },
  ),
  breach(
    "freezes what it gives away",
    "gives each caller an observation of its own",
    (sound) => ({
      exec: async (...of) => Object.freeze(await sound.exec(...of)),
    }),
  ),
  breach(
    "reads the call when it gets to it",
    "takes the call at exec, whatever the caller changes afterwards",
    (sound) => ({
      exec: async (...of) => {
        await turns(3);
        return await sound.exec(...of);
      },
    }),
  ),
  breach(
    "writes into the caller's call",
    "takes the call at exec, whatever the caller changes afterwards",
    (sound) => ({
      exec: async (sandbox, call, options) => {
        const kept = structuredClone(call);
        if (!Object.isFrozen(call)) Object.assign(call, { id: 1 });
        return await sound.exec(sandbox, kept, options);
      },
    }),
  ),
  breach(
    "takes any time limit",
    "takes a time limit that is not reached, and refuses one that is none",
    (sound) => ({
      exec: (sandbox, call, options = {}) => {
        const { timeoutMs: _, ...rest } = options;
        return sound.exec(sandbox, call, rest);
      },
    }),
  ),
  breach(
    "runs one call at a time, and turns the others away",
    "runs many calls at once, and gives each what came of it",
    (sound) => {
      let isBusy = false;
      return {
        exec: async (...of) => {
          if (isBusy) throw new BackendError("engine_failed", "It is busy now");
          isBusy = true;
          await turns(5);
          isBusy = false;
          return await sound.exec(...of);
        },
      };
    },
  ),
  breach(
    "gives what came of one call to another",
    "does not mix up what comes of calls at once, in two sandboxes",
    (sound) => {
      let last: ToolCall | undefined;
      return {
        exec: async (sandbox, call, options) => {
          last = call;
          await turns(2);
          return await sound.exec(sandbox, last, options);
        },
      };
    },
  ),
  breach(
    "forgets all but the last of the sandboxes that it launches at once",
    "serves many sandboxes at once, from launch to end",
    (sound) => {
      let launching = 0;
      return {
        launch: async (spec, options) => {
          const turn = ++launching;
          await turns(5);
          const sandbox = await sound.launch(spec, options);
          if (turn !== launching) await sound.destroy(sandbox);
          return sandbox;
        },
      };
    },
  ),
  breach(
    "does not keep what a call left",
    "keeps in a sandbox what its calls leave there",
    (sound) => ({
      exec: async (...of) => {
        const observation = await sound.exec(...of);
        sound.state.clear();
        return observation;
      },
    }),
  ),
  breach(
    "has all sandboxes share what is left",
    "shows nothing of a sandbox to others, before and after its end",
    (sound) => ({
      exec: async (...of) => {
        const observation = await sound.exec(...of);
        if (observation.isSet === undefined) return observation;
        return { ...observation, isSet: sound.state.size > 0 };
      },
    }),
  ),
];
