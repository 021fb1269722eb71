import type { EgressPolicy } from "./egress_policy.ts";

/** What a sandbox can reach. */
export type NetworkSpec =
  /** Nothing but itself. */
  | "none"
  /** Whatever the engine's host reaches. Needs the backend's opt-in. */
  | { readonly unrestricted: true }
  /** The hosts that are named. */
  | { readonly egress: EgressPolicy };

/** Whether an image is fetched from its registry. */
export type PullPolicy =
  /** Never: it has to be there. */
  | "never"
  /** If it is not there. */
  | "missing"
  /** At each launch, in case that its tag has moved. */
  | "always";

/** Which images may be launched. */
export interface ImagePolicy {
  /**
   * Registries (`docker.io`, `localhost:5000`) and repositories
   * (`docker.io/library/alpine`, `example.com/team`), as beginnings of full
   * image names that end where a path segment does.
   */
  readonly allow?: readonly string[];
  /**
   * Whether an image must be named by its digest.
   * @default {false}
   */
  readonly pinned?: boolean;
  /**
   * Whether an image is fetched.
   * @default {"missing"}
   */
  readonly pull?: PullPolicy;
}

/** A folder or file of the host inside the sandbox. */
export interface Mount {
  /** Where it is on the host: an absolute path. */
  readonly source: string;
  /** Where it is in the sandbox: an absolute path. */
  readonly target: string;
  /**
   * Whether the sandbox cannot write to it.
   * @default {true}
   */
  readonly readOnly?: boolean;
}

/**
 * What a sandbox is to be: an image or a tier is needed, and everything else can
 * only tighten what the backend grants. What would loosen it, and any key that is
 * not listed here, is refused with `spec_refused`.
 */
export interface LaunchSpec {
  /** The image, as Docker writes it: `alpine`, `localhost:5000/a/b@sha256:…`. */
  readonly image?: string;
  /** A preset of the backend's `tiers`; its values are ceilings for the others. */
  readonly tier?: string;
  /**
   * What runs in the sandbox from the start, as a program and its arguments, in
   * place of the image's own. The sandbox ends with it.
   * @default {something that waits}
   */
  readonly command?: readonly string[];
  /** Environment variables, in addition to the image's. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * The working folder: an absolute path.
   * @default {the image's}
   */
  readonly workdir?: string;
  /**
   * The user, as `name`, `uid` or `uid:gid`. Root only where it is asked for by
   * the name `root` or as `0`.
   * @default {the image's, or 65534:65534 where that is root}
   */
  readonly user?: string;
  /** Labels on what is launched; those that begin with `zu.` are the backend's. */
  readonly labels?: Readonly<Record<string, string>>;
  /**
   * Memory, without swap: bytes, or text such as `"512m"` or `"1g"`.
   * @default {"1g"}
   */
  readonly memory?: number | string;
  /**
   * Processors, or parts of one.
   * @default {1}
   */
  readonly cpus?: number;
  /**
   * The most processes and threads at once.
   * @default {256}
   */
  readonly pids?: number;
  /**
   * Whether the image's own files cannot be written to.
   * @default {true}
   */
  readonly readOnlyRootfs?: boolean;
  /**
   * Folders in memory, which count towards it, with their mount options; always
   * `nosuid` and `nodev`.
   * @default {{ "/tmp": "size=256m,mode=1777" }}
   */
  readonly tmpfs?: Readonly<Record<string, string>>;
  /** Further host names, with their addresses; needs an unrestricted network. */
  readonly extraHosts?: Readonly<Record<string, string>>;
  /** Name servers, as addresses; needs an unrestricted network. */
  readonly dns?: readonly string[];
  /**
   * A seccomp profile, as JSON text, which should be stricter than the engine's.
   * @default {the engine's}
   */
  readonly seccomp?: string;
  /**
   * The container runtime, such as `runsc`, which the engine has to know.
   * @default {the engine's}
   */
  readonly runtime?: string;
  /**
   * Capabilities to add, of `CHOWN`, `DAC_OVERRIDE`, `FOWNER`,
   * `NET_BIND_SERVICE`, `SETGID` and `SETUID`.
   * @default {none}
   */
  readonly capAdd?: readonly string[];
  /**
   * What of the host is inside.
   * @default {nothing}
   */
  readonly mounts?: readonly Mount[];
  /**
   * What the sandbox can reach.
   * @default {"none"}
   */
  readonly network?: NetworkSpec;
  /** Which images may be launched, beside what the backend allows. */
  readonly imagePolicy?: ImagePolicy;
  /**
   * How long the sandbox may live, in milliseconds, whatever becomes of this
   * process.
   * @default {3_600_000, an hour}
   */
  readonly ttlMs?: number;
}
