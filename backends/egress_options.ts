import type { EgressAttempt } from "./egress_attempt.ts";
import type { EgressRule } from "./egress_policy.ts";

/** Finds the addresses of a name; rejects or finds none if it has none. */
export type ResolveHost = (
  host: string,
  options: { readonly signal: AbortSignal },
) => Promise<readonly string[]>;

/**
 * Scoped egress, as an operator grants it. That the option is there lets specs of
 * every tier ask for it; without, only those of the tier `render` may.
 */
export interface EgressOptions {
  /**
   * The most that a sandbox may be allowed.
   * @default {whatever is public}
   */
  readonly allow?: readonly (string | EgressRule)[];
  /**
   * What no sandbox reaches, whatever allows it.
   * @default {[]}
   */
  readonly deny?: readonly string[];
  /**
   * The image of the forwarder; the backend's `imagePolicy` holds for it, too.
   * @default {"localhost/zu-egress-forwarder:1"}
   */
  readonly forwarderImage?: string;
  /**
   * Ranges of addresses, such as `10.1.2.0/24`, that sandboxes may be allowed to
   * reach though they are not public. They do not allow anything by themselves,
   * but what they cover is not looked at any more: keep them narrow.
   * @default {[]}
   */
  readonly treatAsPublic?: readonly string[];
  /**
   * Finds the addresses of names.
   * @default {as the host does}
   */
  readonly resolve?: ResolveHost;
  /**
   * Is given each attempt when it has ended, in that order. What it returns is waited for; if it
   * fails, the sandbox's egress is closed, for there is to be none without a
   * record.
   */
  readonly onAttempt?: (attempt: EgressAttempt) => void | Promise<void>;
}
