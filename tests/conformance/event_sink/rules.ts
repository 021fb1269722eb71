import { APPENDING } from "./appending.ts";
import { BATCHES } from "./batches.ts";
import { CHAIN } from "./chain.ts";
import { CLOSED } from "./closed.ts";
import { CONCURRENCY } from "./concurrency.ts";
import { CTX_FIELDS } from "./ctx_fields.ts";
import { DECLARED } from "./declared.ts";
import { DOOR } from "./door.ts";
import { FILTERS } from "./filters.ts";
import { FOLLOW } from "./follow.ts";
import { IDEMPOTENCE } from "./idempotence.ts";
import { MODEL } from "./model.ts";
import { PAGING } from "./paging.ts";
import { PERSISTENCE } from "./persistence.ts";
import type { EventSinkRule } from "./rule.ts";
import { SHARED_WRITERS } from "./shared_writers.ts";
import { STREAMING } from "./streaming.ts";
import { TEXT } from "./text.ts";

/** The whole contract, in the order in which a new adapter comes to keep it. */
export const EVENT_SINK_RULES: readonly EventSinkRule[] = [
  ...DECLARED,
  ...APPENDING,
  ...DOOR,
  ...TEXT,
  ...IDEMPOTENCE,
  ...BATCHES,
  ...CHAIN,
  ...FILTERS,
  ...CTX_FIELDS,
  ...PAGING,
  ...STREAMING,
  ...FOLLOW,
  ...CONCURRENCY,
  ...CLOSED,
  ...PERSISTENCE,
  ...SHARED_WRITERS,
  ...MODEL,
];
