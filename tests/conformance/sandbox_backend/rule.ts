import type {
  BackendErrorCode,
  ExecOptions,
  LaunchOptions,
  LaunchSpec,
  Observation,
  OpenSessionOptions,
  Sandbox,
  SandboxBackend,
  SandboxSession,
  SessionCommand,
  SessionReply,
  ToolCall,
} from "../../../backends/mod.ts";

/** What a backend promises beyond the contract of every backend. */
export interface SandboxBackendSupports {
  /**
   * Each sandbox keeps what its calls leave, and no other one sees it. Needs
   * `calls.state`.
   *
   * @default {false}
   */
  readonly isolation?: boolean;
  /**
   * A call may take time, and then ends with its time limit, its signal or its
   * sandbox. Needs `calls.slow`.
   *
   * @default {false}
   */
  readonly timeouts?: boolean;
  /**
   * A sandbox takes calls again after one of its calls was timed out or aborted.
   * Else it may, or is gone.
   *
   * @default {false}
   */
  readonly liveCancellation?: boolean;
  /**
   * It is a `SessionBackend`, too. Needs `session`.
   *
   * @default {false}
   */
  readonly sessions?: boolean;
  /**
   * It is opened so that a spec may ask for the host's network.
   *
   * @default {false}
   */
  readonly unrestrictedNetwork?: boolean;
}

/** A call, and what must come of it. */
export interface ExpectedCall {
  /** The call. */
  readonly call: ToolCall;
  /** The fields that must be in the observation; others may. */
  readonly observation: Observation;
}

/** Calls that the sandbox of the tests can be given. */
export interface SandboxCalls {
  /** One that works, any number of times. */
  readonly works: ExpectedCall;
  /** One whose tool fails, any number of times. */
  readonly fails: {
    /** The call. */
    readonly call: ToolCall;
    /**
     * The observation's status.
     * @default {500}
     */
    readonly status?: number;
  };
  /** One that ends only with its time limit, its signal or its sandbox. */
  readonly slow?: {
    /** The call. */
    readonly call: ToolCall;
  };
  /**
   * One of a tool that there is not.
   * @default {the tool `no_such_tool`}
   */
  readonly unknownTool?: {
    /** The call. */
    readonly call: ToolCall;
  };
  /** Some whose arguments their tools do not take. */
  readonly badArguments?: ReadonlyArray<{
    /** The call. */
    readonly call: ToolCall;
  }>;
  /** Makes calls that work and are told apart by what comes of them: 0 to 31. */
  readonly echo?: (n: number) => ExpectedCall;
  /** Calls that leave something in a sandbox and look for it. */
  readonly state?: {
    /** Leaves it. */
    readonly set: ToolCall;
    /** Looks for it. */
    readonly get: ToolCall;
    /** What comes of `get` before `set`. */
    readonly unset: Observation;
    /** What comes of `get` after `set`. */
    readonly found: Observation;
  };
}

/** A command of a session, and what must be replied. */
export interface ExpectedReply {
  /** The command. */
  readonly command: SessionCommand;
  /** The whole reply, without an `id`. */
  readonly reply: SessionReply;
}

/** How to try the sessions of a backend. */
export interface SandboxSessionCalls {
  /**
   * The spec of a session's sandbox.
   * @default {the one of the tests}
   */
  readonly spec?: LaunchSpec;
  /**
   * The server's program and arguments.
   * @default {the backend's}
   */
  readonly command?: readonly string[];
  /** Commands that are told apart by their replies: 0 to 31. */
  readonly exchange: (n: number) => ExpectedReply;
  /** A command whose reply does not come while a test runs. */
  readonly slow?: SessionCommand;
}

/** A spec that is sound, but whose launch fails. */
export interface FailingSpec {
  /** Why it fails, for the test's message. */
  readonly why: string;
  /** The spec. */
  readonly spec: LaunchSpec;
  /** How the launch fails. */
  readonly code: BackendErrorCode;
}

/** What a rule may need: something that is declared, or something at hand. */
export type Need =
  | keyof SandboxBackendSupports
  | "calls.badArguments"
  | "calls.echo"
  | "failing"
  | "running"
  | "session.slow";

/** What a rule has at hand: a backend, and calls that are bounded in time. */
export interface RuleContext {
  /** The backend. */
  readonly backend: SandboxBackend;
  /** What the adapter declares. */
  readonly supports: SandboxBackendSupports;
  /** The calls that it can be given. */
  readonly calls: SandboxCalls;
  /** The specs whose launch fails. */
  readonly failing: readonly FailingSpec[];
  /** How to try its sessions. */
  readonly session: SandboxSessionCalls;
  /** A copy of the spec, which the rule may change. */
  spec(): LaunchSpec;
  /** Opens another backend. It is closed after the rule, as the first one is. */
  open(): Promise<SandboxBackend>;
  /** Launches a sandbox, which is destroyed after the rule. */
  launch(spec?: LaunchSpec, options?: LaunchOptions): Promise<Sandbox>;
  /** Launches a sandbox of another backend, which is destroyed after the rule. */
  launchOn(backend: SandboxBackend): Promise<Sandbox>;
  /** Runs a call. */
  exec(
    sandbox: Sandbox,
    call: ToolCall,
    options?: ExecOptions,
  ): Promise<Observation>;
  /** Destroys a sandbox. */
  destroy(sandbox: Sandbox): Promise<void>;
  /** Opens a session, which is closed after the rule. */
  openSession(
    options?: OpenSessionOptions,
    spec?: LaunchSpec,
  ): Promise<SandboxSession>;
  /** Checks that the call that works does so in a sandbox. */
  assertWorks(sandbox: Sandbox): Promise<void>;
  /** Checks how many sandboxes there are, if that can be seen. */
  assertRunning(count: number): Promise<void>;
  /** Waits until there are so many sandboxes, if that can be seen. */
  untilRunning(count: number): Promise<void>;
  /** Waits for what must come soon, and fails when it does not. */
  soon<T>(what: string, promise: Promise<T>): Promise<T>;
}

/** A rule of the port, and how to see that a backend keeps it. */
export interface SandboxBackendRule {
  /**
   * What a backend does that keeps it, in plain words. Begins with `lesson N: `
   * where the rule comes from one.
   */
  readonly name: string;
  /** What there must be for the rule to be tried. */
  readonly needs?: readonly Need[];
  /** What the adapter must not declare for the rule to hold for it. */
  readonly unless?: keyof SandboxBackendSupports;
  /** Fails if the backend breaks the rule. */
  readonly check: (context: RuleContext) => Promise<void>;
}
