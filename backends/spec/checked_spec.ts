// What a spec is checked against, and what comes of that, as callers see it.
import type { CheckedMount } from "./mount_check.ts";
import type { CheckedTmpfs } from "./tmpfs_options.ts";
import type { EgressOptions } from "../egress_options.ts";
import type { ImagePolicy, NetworkSpec } from "../launch_spec.ts";

/** What a backend grants: the ceilings, which are also what holds by default. */
export interface LaunchGrants {
  /** Memory, in bytes. */
  readonly memory: number;
  /** Processors. */
  readonly cpus: number;
  /** Processes and threads. */
  readonly pids: number;
  /** Whether the image's own files must be read-only. */
  readonly readOnlyRootfs: boolean;
  /** How long a sandbox may live, in milliseconds. */
  readonly ttlMsMax: number;
  /** Sockets of engines, which no mount may reach. */
  readonly socketPaths: readonly string[];
  /** Whether the operator has opted in to unrestricted networks. */
  readonly unrestrictedNetwork: boolean;
  /**
   * What scoped egress may allow at most, and what it denies. That it is there
   * lets specs of every tier ask for it.
   * @default {whatever is public, for the tier `render` alone}
   */
  readonly egress?: Pick<EgressOptions, "allow" | "deny"> | undefined;
}

/** A spec that may be launched: a copy, with every value in one form. */
export interface CheckedSpec {
  /** The image, as it was named. */
  readonly image: string;
  /** The preset that it was launched with. */
  readonly tier: string | undefined;
  /** What runs in place of the image's own program. */
  readonly command: readonly string[] | undefined;
  /** Environment variables. */
  readonly env: Readonly<Record<string, string>>;
  /** The working folder, if it is not the image's. */
  readonly workdir: string | undefined;
  /** The user, if it is not the image's; ids in their shortest form. */
  readonly user: string | undefined;
  /** Labels, without the backend's own. */
  readonly labels: Readonly<Record<string, string>>;
  /** Memory, in bytes. */
  readonly memory: number;
  /** Processors. */
  readonly cpus: number;
  /** Processes and threads. */
  readonly pids: number;
  /** Whether the image's own files are read-only. */
  readonly readOnlyRootfs: boolean;
  /** Folders in memory. */
  readonly tmpfs: readonly CheckedTmpfs[];
  /** Further host names, in lower case. */
  readonly extraHosts: Readonly<Record<string, string>>;
  /** Name servers. */
  readonly dns: readonly string[];
  /** The seccomp profile, as JSON text, if it is not the engine's. */
  readonly seccomp: string | undefined;
  /** The runtime, if it is not the engine's. */
  readonly runtime: string | undefined;
  /** Capabilities, without `CAP_`. */
  readonly capAdd: readonly string[];
  /** What of the host is inside. */
  readonly mounts: readonly CheckedMount[];
  /** What can be reached. */
  readonly network: NetworkSpec;
  /** The spec's image policy. */
  readonly imagePolicy: ImagePolicy | undefined;
  /** How long it lives, in milliseconds. */
  readonly ttlMs: number;
}
