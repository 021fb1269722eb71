// A backend that keeps every rule, and whose methods are replaced one by one.
import {
  BackendError,
  type ExecOptions,
  type LaunchOptions,
  type LaunchSpec,
  type Observation,
  type OpenSessionOptions,
  type Sandbox,
  type SandboxBackend,
  type SandboxSession,
  ScriptedBackend,
  type ScriptedExchange,
  type ScriptedStep,
  type SendOptions,
  type SessionBackend,
  type SessionCommand,
  type SessionReply,
  type ToolCall,
} from "../../../backends/mod.ts";
import type { SandboxBackendTestOptions } from "../../conformance/mod.ts";

const call = (name: string): ToolCall => ({ name, args: { list: [name] } });

/** The calls of the script. */
export const CALLS = {
  works: call("works"),
  fails: call("fails"),
  slow: call("slow"),
  bad: call("bad"),
  set: call("set"),
  get: call("get"),
};
/** What comes of the call that works. */
export const HELLO: Observation = { status: 200, list: ["hello"] };
/** A spec whose launch fails. */
export const FAILING: LaunchSpec = { image: "example.com/no-program" };
/** A command without a reply. */
export const SLOW_COMMAND = { op: "slow" };

const echo = (n: number) => {
  const call = { name: "echo", args: { n } };
  return { call, observation: { status: 200, n } };
};
const exchange = (n: number) => {
  return { command: { op: "echo", n }, reply: { ok: true, n } };
};
const numbers = Array.from({ length: 32 }, (_, n) => n);
const error = "went wrong";

const STEPS: readonly ScriptedStep[] = [
  { call: CALLS.works, observation: HELLO },
  { call: CALLS.fails, observation: { status: 500, error } },
  { call: CALLS.bad, observation: { status: 400, error } },
  { call: CALLS.slow, pending: true },
  { call: CALLS.set, observation: { status: 200 } },
  { call: CALLS.get, observation: { status: 200 } },
  ...numbers.map(echo),
  // Any other tool.
  { observation: { status: 404, error } },
];
const EXCHANGES: readonly ScriptedExchange[] = [
  ...numbers.map(exchange),
  { command: SLOW_COMMAND, pending: true },
];

/** A sound backend. */
export class Sound implements SandboxBackend, SessionBackend {
  readonly name: string = "sound";
  readonly inner: ScriptedBackend = new ScriptedBackend(
    STEPS.map((step) => ({ ...step, times: Infinity })),
    {
      name: "sound",
      anyOrder: true,
      sessions: EXCHANGES.map((each) => ({ ...each, times: Infinity })),
    },
  );
  /** The inner sandbox that each one stands for. */
  readonly handles = new WeakMap<Sandbox, Sandbox>();
  /** The sandboxes in which something was left. */
  readonly state = new Set<Sandbox>();

  /** How many sandboxes there are. */
  count(): number {
    return this.inner.running;
  }

  /** A sandbox as the caller gets it. */
  handle(inner: Sandbox, change: Partial<Sandbox> = {}): Sandbox {
    const sandbox: Sandbox = {
      ...inner,
      [Symbol.asyncDispose]: () => this.destroy(sandbox),
      ...change,
    };
    this.handles.set(sandbox, inner);
    return sandbox;
  }

  async launch(spec: LaunchSpec, options?: LaunchOptions): Promise<Sandbox> {
    const inner = await this.inner.launch(spec, options);
    if (inner.image !== FAILING.image) return this.handle(inner);
    await this.inner.destroy(inner);
    throw new BackendError("start_failed", "There is no such program in it");
  }

  async exec(
    sandbox: Sandbox,
    call: ToolCall,
    options?: ExecOptions,
  ): Promise<Observation> {
    const { name } = call;
    const inner = this.handles.get(sandbox) ?? sandbox;
    const observation = await this.inner.exec(inner, call, options);
    if (name === "set") this.state.add(sandbox);
    if (name !== "get") return observation;
    return { ...observation, isSet: this.state.has(sandbox) };
  }

  destroy(sandbox: Sandbox): Promise<void> {
    return this.inner.destroy(this.handles.get(sandbox) ?? sandbox);
  }

  async openSession(
    spec: LaunchSpec,
    options?: OpenSessionOptions,
  ): Promise<SandboxSession> {
    return new SoundSession(await this.inner.openSession(spec, options));
  }
}

/** A sound session, whose methods can be replaced as well. */
export class SoundSession implements SandboxSession {
  readonly id: string;
  readonly inner: SandboxSession;

  constructor(inner: SandboxSession) {
    this.id = inner.id;
    this.inner = inner;
  }

  send(command: SessionCommand, options?: SendOptions): Promise<SessionReply> {
    return this.inner.send(command, options);
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** What the suite is told of the sound backend. */
export const SOUND: SandboxBackendTestOptions<Sound> = {
  name: "backend",
  open: () => new Sound(),
  running: (backend) => backend.count(),
  spec: { image: "alpine", command: ["sleep", "60"], env: { LANG: "C" } },
  supports: {
    isolation: true,
    timeouts: true,
    liveCancellation: true,
    sessions: true,
  },
  calls: {
    works: { call: CALLS.works, observation: HELLO },
    fails: { call: CALLS.fails },
    slow: { call: CALLS.slow },
    badArguments: [{ call: CALLS.bad }],
    echo,
    state: {
      set: CALLS.set,
      get: CALLS.get,
      unset: { status: 200, isSet: false },
      found: { status: 200, isSet: true },
    },
  },
  session: { exchange, slow: SLOW_COMMAND },
  failing: [{ why: "a missing program", spec: FAILING, code: "start_failed" }],
};
