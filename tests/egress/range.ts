import type { EgressPolicy } from "../../backends/egress_policy.ts";
import type { Attempts } from "./attempts.ts";
import type { Control } from "./control.ts";
import type { Engine } from "./engine.ts";
import type { SandboxPlace } from "./sandbox_place.ts";
import type { Witness } from "./witness.ts";

/** What attacks are tried with, and judged by. */
export interface Range {
  readonly witness: Witness;
  readonly control: Control;
  /** The certificate that clients trust, as text. */
  readonly ca: string;
}

/** The same, with an engine and sandboxes on it. */
export interface SandboxRange extends Range {
  readonly engine: Engine;
  /** The image of forwarders. */
  readonly forwarderImage: string;
  /** The sandbox that most is tried from, and what it may reach. */
  readonly a: SandboxPlace;
  readonly policy: EgressPolicy;
  /** Another one, which may reach another host, and may be idle for a short time. */
  readonly b: SandboxPlace;
  readonly attempts: Attempts;
  /** What the backend had to say. */
  readonly warnings: readonly string[];
}
