import type { Box } from "./box.ts";
import type { ContainerPlan } from "./container_config.ts";
import type { ScopedEgress } from "./scoped_egress.ts";

/** A sandbox that this process has launched. */
export interface Member {
  readonly box: Box;
  /** How it was asked for. */
  readonly plan: ContainerPlan;
  /** Its way out, if it has a scoped one. */
  readonly egress: ScopedEgress | undefined;
  /** Ends and removes it. */
  destroy(reason: string): Promise<void>;
}
