import { APPENDING } from "./appending.ts";
import { BATCHES } from "./batches.ts";
import { CLOSED } from "./closed.ts";
import { FOLLOW } from "./follow.ts";
import { IDEMPOTENCE } from "./idempotence.ts";
import { PERSISTENCE } from "./persistence.ts";
import { READING } from "./reading.ts";
import { STREAMING } from "./streaming.ts";
import { TEXT } from "./text.ts";
import type { Breach } from "./breach.ts";

export { type Breach, openSound } from "./breach.ts";

/** Every broken sink. */
export const BREACHES: readonly Breach[] = [
  ...APPENDING,
  ...IDEMPOTENCE,
  ...BATCHES,
  ...TEXT,
  ...READING,
  ...STREAMING,
  ...FOLLOW,
  ...CLOSED,
  ...PERSISTENCE,
];
