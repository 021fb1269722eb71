import { CANCELLING } from "./cancelling.ts";
import { DESTROYING } from "./destroying.ts";
import { EXECUTING } from "./executing.ts";
import { ISOLATION } from "./isolation.ts";
import { LAUNCHING } from "./launching.ts";
import type { SandboxBackendRule } from "./rule.ts";
import { SESSION_SHARING } from "./session_sharing.ts";
import { SESSIONS } from "./sessions.ts";
import { SPEC_DOOR } from "./spec_door.ts";

/** The whole contract, in the order in which a new adapter comes to keep it. */
export const SANDBOX_BACKEND_RULES: readonly SandboxBackendRule[] = [
  ...LAUNCHING,
  ...SPEC_DOOR,
  ...EXECUTING,
  ...DESTROYING,
  ...CANCELLING,
  ...ISOLATION,
  ...SESSIONS,
  ...SESSION_SHARING,
];
