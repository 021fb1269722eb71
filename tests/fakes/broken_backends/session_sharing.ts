import {
  BackendError,
  type LaunchSpec,
  type OpenSessionOptions,
  type SandboxSession,
} from "../../../backends/mod.ts";
import { type Breach, breach, turns } from "./breach.ts";
import { type Sound, SoundSession } from "./sound.ts";

/** Which slip a sharing of run keys has. */
interface Slips {
  /** The key, as it is looked up. */
  readonly key?: (runKey: string) => string;
  /** Nothing is kept while the session is being opened. */
  readonly forgetsOpening?: boolean;
  /** Whoever closes it ends it for all. */
  readonly closesForAll?: boolean;
  /** Closing again lets go again. */
  readonly countsTwice?: boolean;
  /** The specs are not compared. */
  readonly takesAnySpec?: boolean;
  /** An opening that failed stays. */
  readonly keepsFailures?: boolean;
  /** The first one's signal is the signal of all. */
  readonly sharesSignal?: boolean;
  /** The key is free only once the session has ended. */
  readonly freesLate?: boolean;
  /** Whoever gives up does not let go. */
  readonly keepsHold?: boolean;
}

interface Shared {
  readonly spec: string;
  readonly opening: Promise<SandboxSession>;
  holders: number;
}

/** Sharing by run key, as it would be sound but for a slip. */
function sharing(sound: Sound, slips: Slips) {
  const all = new Map<string, Shared>();
  const open = async (
    spec: LaunchSpec,
    signal: AbortSignal | undefined,
  ): Promise<SandboxSession> => {
    // A sound check of the spec comes before it takes any time.
    const opening = sound.inner.openSession(spec);
    await turns(5);
    const session = await opening;
    if (!signal?.aborted) return session;
    await session.close();
    throw signal.reason;
  };
  return async (spec: LaunchSpec, options: OpenSessionOptions = {}) => {
    const { runKey, signal } = options;
    signal?.throwIfAborted();
    if (runKey === undefined) return await sound.openSession(spec, options);
    const key = slips.key?.(runKey) ?? runKey;
    const text = JSON.stringify(spec);
    let shared = all.get(key);
    if (shared === undefined) {
      const opening = open(spec, slips.sharesSignal ? signal : undefined);
      const made = { spec: text, opening, holders: 0 };
      shared = made;
      const keep = () => all.set(key, made);
      if (slips.forgetsOpening) opening.then(keep, () => {});
      else keep();
      if (!slips.keepsFailures) opening.catch(() => all.delete(key));
    } else if (shared.spec !== text && !slips.takesAnySpec) {
      throw new BackendError("spec_refused", "The session has another spec");
    }
    const held = shared;
    held.holders++;
    const letGo = async () => {
      if (--held.holders > 0 && !slips.closesForAll) return;
      if (all.get(key) === held && !slips.freesLate) all.delete(key);
      const session = await held.opening.catch(() => undefined);
      await session?.close();
      if (all.get(key) === held) all.delete(key);
    };
    let session: SandboxSession;
    try {
      session = await held.opening;
      signal?.throwIfAborted();
    } catch (error) {
      if (!slips.keepsHold && !slips.keepsFailures) await letGo();
      throw error;
    }
    return new Holder(session, letGo, slips.countsTwice ?? false);
  };
}

/** One holder's session. */
class Holder extends SoundSession {
  readonly #letGo: () => Promise<void>;
  readonly #countsTwice: boolean;
  #closed: Promise<void> | undefined;

  constructor(
    inner: SandboxSession,
    letGo: () => Promise<void>,
    countsTwice: boolean,
  ) {
    super(inner);
    this.#letGo = letGo;
    this.#countsTwice = countsTwice;
  }

  override async send(
    ...of: Parameters<SandboxSession["send"]>
  ): ReturnType<SandboxSession["send"]> {
    if (this.#closed === undefined) return await this.inner.send(...of);
    throw new BackendError("closed", "The session was closed by its holder");
  }

  override close(): Promise<void> {
    if (this.#countsTwice) return this.#closed = this.#letGo();
    return this.#closed ??= this.#letGo();
  }
}

function shares(what: string, rule: string, slips: Slips): Breach {
  return breach(
    what,
    rule,
    (sound) => ({ openSession: sharing(sound, slips) }),
  );
}

/** Sharing of sessions that breaks a rule. */
export const SESSION_SHARING: readonly Breach[] = [
  shares(
    "opens a session for each of those who open it at once",
    "lesson 28: shares one session among those who open it at once",
    { forgetsOpening: true },
  ),
  shares(
    "ends a shared session for all when one closes it",
    "lesson 28: keeps a shared session until the last one closes it",
    { closesForAll: true },
  ),
  shares(
    "counts one who closes again twice",
    "lesson 28: keeps a shared session until the last one closes it",
    { countsTwice: true },
  ),
  shares(
    "takes two run keys for one",
    "shares nothing among other run keys, nor without one",
    { key: (runKey) => runKey.toLowerCase() },
  ),
  shares(
    "does not compare the specs of those who share",
    "refuses to share a session by another spec",
    { takesAnySpec: true },
  ),
  shares(
    "keeps the key of a session that was refused",
    "keeps no run key of a session that was not opened",
    { keepsFailures: true },
  ),
  shares(
    "opens for all with the signal of the first",
    "opens a shared session for the others when one of them gives up",
    { sharesSignal: true },
  ),
  shares(
    "counts one who gave up among the holders",
    "leaves nothing of a shared session that all gave up",
    { keepsHold: true },
  ),
  shares(
    "shares a session that is being closed",
    "opens a session anew while the last one of its key is closed",
    { freesLate: true },
  ),
];

/** A backend whose sharing has no slip, as a check on those that have one. */
export const SOUND_SHARING: Breach = shares("shares as it must", "", {});
