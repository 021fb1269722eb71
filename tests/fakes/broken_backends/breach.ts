// A backend that breaks one rule, as someone might well write it, and the means to
// make one.
import type {
  OpenSessionOptions,
  SandboxSession,
} from "../../../backends/mod.ts";
import { Sound, SoundSession } from "./sound.ts";

/** A backend that breaks a rule, and the rule that must find it out. */
export interface Breach {
  /** What the backend does wrong. */
  readonly what: string;
  /** The rule that it breaks. */
  readonly rule: string;
  /** Opens the backend. */
  readonly open: () => Sound;
}

type Replaced = Partial<
  Pick<
    Sound,
    "name" | "count" | "launch" | "exec" | "destroy" | "openSession"
  >
>;

/** A breach by a backend that is sound but for the methods that are given. */
export function breach(
  what: string,
  rule: string,
  replace: (sound: Sound) => Replaced,
): Breach {
  const open = () => {
    const sound = new Sound();
    const original = new Sound();
    // The sound methods, on the state of the one whose methods are replaced.
    Object.assign(original, {
      inner: sound.inner,
      handles: sound.handles,
      state: sound.state,
    });
    return Object.assign(sound, replace(original));
  };
  return { what, rule, open };
}

/** A breach by the sessions of a backend that is sound but for them. */
export function sessionBreach(
  what: string,
  rule: string,
  replace: (
    session: SoundSession,
    options: OpenSessionOptions,
  ) => Partial<SandboxSession>,
): Breach {
  return breach(what, rule, ({ inner }) => ({
    openSession: async (spec, options = {}) => {
      const session = await inner.openSession(spec, options);
      const replaced = replace(new SoundSession(session), options);
      return Object.assign(new SoundSession(session), replaced);
    },
  }));
}

/** Resolves after so many microtasks. */
export function turns(count: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const turn = (left: number): unknown =>
    left === 0 ? resolve() : queueMicrotask(() => turn(left - 1));
  turn(count);
  return promise;
}

/** Never resolves. */
export function never(): Promise<never> {
  return new Promise(() => {});
}
