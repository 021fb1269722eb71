/** Which hosts a sandbox may reach through the egress proxy. */
export interface EgressPolicy {
  /** Host names, each with an optional `:port`; nothing else is reached. */
  readonly allow: readonly string[];
}

/** Which images may be launched. */
export interface ImagePolicy {
  /** Registries and repositories, as the beginnings of full image names. */
  readonly allow?: readonly string[];
  /**
   * Whether an image must be named by its digest.
   * @default {false}
   */
  readonly pinned?: boolean;
}

/** A folder or file of the host inside the sandbox. */
export interface Mount {
  /** Where it is on the host. */
  readonly source: string;
  /** Where it is in the sandbox. */
  readonly target: string;
  /**
   * Whether the sandbox cannot write to it.
   * @default {true}
   */
  readonly readOnly?: boolean;
}

/**
 * What a sandbox is to be: an image or a tier is needed, and everything else can
 * only tighten what the backend grants.
 */
export interface LaunchSpec {
  /** The image. */
  readonly image?: string;
  /** A preset of the backend. */
  readonly tier?: string;
  /** What runs in the sandbox from the start. */
  readonly command?: readonly string[];
  /** Environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** The working folder. */
  readonly workdir?: string;
  /** The user, as `name`, `uid` or `uid:gid`. */
  readonly user?: string;
  /** Labels on what is launched. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Memory: bytes, or text such as `"1g"`. */
  readonly memory?: number | string;
  /** Processors, or parts of one. */
  readonly cpus?: number;
  /** The most processes at once. */
  readonly pids?: number;
  /** Whether the image's own files cannot be written to. */
  readonly readOnlyRootfs?: boolean;
  /** Folders in memory, with their mount options. */
  readonly tmpfs?: Readonly<Record<string, string>>;
  /** Further host names, with their addresses. */
  readonly extraHosts?: Readonly<Record<string, string>>;
  /** Name servers. */
  readonly dns?: readonly string[];
  /** A seccomp profile, as JSON text. */
  readonly seccomp?: string;
  /** The container runtime. */
  readonly runtime?: string;
  /** Capabilities to add. */
  readonly capAdd?: readonly string[];
  /** What of the host is inside. */
  readonly mounts?: readonly Mount[];
  /** What the sandbox can reach. */
  readonly network?:
    | "none"
    | { readonly unrestricted: true }
    | { readonly egress: EgressPolicy };
  /** Which images may be launched. */
  readonly imagePolicy?: ImagePolicy;
  /** How long the sandbox may live. */
  readonly ttlMs?: number;
}
