import type { DockerClient } from "./docker_client.ts";
import type { EgressOptions } from "./egress_options.ts";
import type { ImagePolicy } from "./launch_spec.ts";
import type { TierPreset } from "./tier_preset.ts";
import type { ToolArgv } from "./tool_argv.ts";

/** Options of {@linkcode LocalDockerBackend}. */
export interface LocalDockerBackendOptions {
  /**
   * The client for the engine: a dockerode instance, or what stands for one.
   * @default {one that is made when it is needed}
   */
  readonly docker?: DockerClient;
  /**
   * The engine's socket: an absolute path.
   * @default {where `DOCKER_HOST` says, or else the first of the usual places}
   */
  readonly socketPath?: string;
  /**
   * Whether to talk to an engine on another host without encryption.
   * @default {false}
   */
  readonly allowPlainTcp?: boolean;
  /**
   * Presets by the names of tiers. Only that of `render` may have an unrestricted
   * network.
   * @default {{}}
   */
  readonly tiers?: Readonly<Record<string, TierPreset>>;
  /**
   * What tools are, by their names, beside `render_dom`: each makes a program and
   * its arguments out of a call's arguments, and throws if they are none of its.
   * @default {{}}
   */
  readonly tools?: Readonly<Record<string, ToolArgv>>;
  /**
   * Which images may be launched, beside what `ZU_IMAGE_REGISTRY_ALLOWLIST` says.
   * @default {those of docker.io and localhost}
   */
  readonly imagePolicy?: ImagePolicy;
  /**
   * Whether sandboxes of the tier `render` may ask for an unrestricted network.
   * @default {what `ZU_ALLOW_UNRESTRICTED_EGRESS` says: 1, true, yes or on}
   */
  readonly allowUnrestrictedEgress?: boolean;
  /**
   * Scoped egress: what sandboxes may be allowed to reach, and by which forwarder.
   * @default {for the tier `render` alone, with the defaults}
   */
  readonly egress?: EgressOptions;
  /**
   * How long a sandbox may take to be ready, without its image's pull, in
   * milliseconds.
   * @default {30_000}
   */
  readonly startupTimeoutMs?: number;
  /**
   * How long a program may run in a sandbox, where nothing else is said, in
   * milliseconds.
   * @default {45_000}
   */
  readonly execTimeoutMs?: number;
  /**
   * How long a sandbox may live at most, in milliseconds.
   * @default {86_400_000, a day}
   */
  readonly ttlMsMax?: number;
  /**
   * What the run is called, in the label `zu.run` of its containers.
   * @default {something random}
   */
  readonly runId?: string;
  /**
   * Is told what an operator should know: an unrestricted network, a container
   * that could not be removed. It must not throw.
   * @default {console.warn}
   */
  readonly onWarning?: (message: string) => void;
}
