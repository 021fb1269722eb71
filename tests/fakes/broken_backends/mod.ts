import type { Breach } from "./breach.ts";
import { CANCELLING } from "./cancelling.ts";
import { DESTROYING } from "./destroying.ts";
import { EXECUTING } from "./executing.ts";
import { LAUNCHING } from "./launching.ts";
import { SESSION_SHARING } from "./session_sharing.ts";
import { SESSIONS } from "./sessions.ts";

export type { Breach } from "./breach.ts";
export { SOUND_SHARING } from "./session_sharing.ts";
export { SOUND, Sound } from "./sound.ts";

/** Every broken backend. */
export const BREACHES: readonly Breach[] = [
  ...LAUNCHING,
  ...EXECUTING,
  ...DESTROYING,
  ...CANCELLING,
  ...SESSIONS,
  ...SESSION_SHARING,
];
