import {
  type CheckedSpec,
  completeSpec,
  DEFAULT_GRANTS,
} from "./spec/complete_spec.ts";
import { Script, type ScriptedExchange, type ScriptedStep } from "./_script.ts";
import { ScriptedSession } from "./_scripted_session.ts";
import { SharedSessions } from "./sessions/shared_sessions.ts";
import { readSpecFields } from "./spec/spec_fields.ts";
import { checkTimeoutMs, untilEnded } from "./_until_ended.ts";
import { BackendError } from "./backend_error.ts";
import type { LaunchSpec } from "./launch_spec.ts";
import type {
  ExecOptions,
  LaunchOptions,
  Sandbox,
  SandboxBackend,
} from "./sandbox_backend.ts";
import type {
  OpenSessionOptions,
  SandboxSession,
  SessionBackend,
  SessionReply,
} from "./session_backend.ts";
import type { Observation, ToolCall } from "./tool_call.ts";

export type { ScriptedEnd, ScriptedExchange, ScriptedStep } from "./_script.ts";

/** Options of {@linkcode ScriptedBackend}. */
export interface ScriptedBackendOptions {
  /**
   * The backend's name.
   * @default {"scripted"}
   */
  readonly name?: string;
  /**
   * Whether a call takes the first step left that fits it, in place of the next
   * one: for calls that run at the same time.
   * @default {false}
   */
  readonly anyOrder?: boolean;
  /**
   * What the server of each session replies, from the start.
   * @default {no sessions}
   */
  readonly sessions?: Iterable<ScriptedExchange>;
}

/**
 * A backend that runs nothing and replays recorded observations: for the tests of
 * those who use the port. Needs no permission.
 *
 * All its sandboxes share one script, whose steps are taken in the order of the
 * calls, or in any with `anyOrder`. A call other than the recorded one fails, takes
 * no step, and says what was expected. Specs are checked as any backend checks
 * them, but for tiers, which are taken as they are.
 *
 * @example Replaying a recorded call
 * ```ts
 * import { ScriptedBackend } from "@zu/backends/backends";
 * import { assertEquals } from "@std/assert";
 *
 * const call = { name: "fetch", args: { url: "https://example.com/" } };
 * const backend = new ScriptedBackend([
 *   { call, observation: { status: 200, text: "hello" } },
 * ]);
 * await using sandbox = await backend.launch({ tier: "browser" });
 * const observation = await backend.exec(sandbox, call);
 * assertEquals(observation, { status: 200, text: "hello" });
 * assertEquals(backend.stepsLeft, 0);
 * ```
 *
 * @example A call that does not end, to test a time limit
 * ```ts
 * import { ScriptedBackend } from "@zu/backends/backends";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new ScriptedBackend([{ pending: true }]);
 * await using sandbox = await backend.launch({ image: "alpine" });
 * const call = { name: "fetch", args: {} };
 * const { status } = await backend.exec(sandbox, call, { timeoutMs: 5 });
 * assertEquals(status, 504);
 * ```
 *
 * @example A session
 * ```ts
 * import { ScriptedBackend } from "@zu/backends/backends";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new ScriptedBackend([], {
 *   sessions: [{ command: { op: "title" }, reply: { title: "hello" } }],
 * });
 * await using session = await backend.openSession({ tier: "browser" });
 * assertEquals(await session.send({ op: "title" }), { title: "hello" });
 * ```
 */
export class ScriptedBackend implements SandboxBackend, SessionBackend {
  /** The name it was given. */
  readonly name: string;
  readonly #script: Script<Observation>;
  readonly #exchanges: Script<SessionReply> | undefined;
  readonly #shared = new SharedSessions();
  /** The sandboxes that are there, and what ends the calls in each. */
  readonly #running = new Map<Sandbox, AbortController>();
  #launched = 0;

  /**
   * Takes a script.
   *
   * @param script The recorded calls, in order.
   * @param options The name, the order and sessions.
   * @throws {TypeError} If a step has no end, or is pending and has one.
   * @throws {RangeError} If a step's `times` is no count.
   */
  constructor(
    script: Iterable<ScriptedStep>,
    options: ScriptedBackendOptions = {},
  ) {
    const { name = "scripted", anyOrder = false, sessions } = options;
    this.name = name;
    const steps = Array.from(script, ({ call, observation, ...end }) => {
      return { ...end, asked: call, answer: observation };
    });
    this.#script = new Script<Observation>(steps, anyOrder);
    if (sessions === undefined) return;
    const exchanges = Array.from(sessions, ({ command, reply, ...end }) => {
      return { ...end, asked: command, answer: reply };
    });
    this.#exchanges = new Script<SessionReply>(exchanges, anyOrder);
  }

  /** How many steps have not been taken, as often as they are to be. */
  get stepsLeft(): number {
    return this.#script.stepsLeft;
  }

  /** How many sandboxes were launched and not destroyed. */
  get running(): number {
    return this.#running.size;
  }

  /**
   * Makes a sandbox; see {@linkcode SandboxBackend.launch}.
   *
   * @param spec The spec; its image, or else its tier, names the image.
   * @param options Cancellation.
   * @returns The sandbox.
   * @throws {BackendError} `spec_refused` or `network_refused`.
   */
  // deno-lint-ignore require-await -- a throw must reject, as in every backend
  async launch(
    spec: LaunchSpec,
    options: LaunchOptions = {},
  ): Promise<Sandbox> {
    options.signal?.throwIfAborted();
    return this.#start(checkSpec(spec));
  }

  #start({ image }: CheckedSpec): Sandbox {
    const sandbox: Sandbox = Object.freeze({
      id: `${this.name}-${++this.#launched}`,
      image,
      backend: this.name,
      [Symbol.asyncDispose]: () => this.destroy(sandbox),
    });
    this.#running.set(sandbox, new AbortController());
    return sandbox;
  }

  /**
   * Takes a step of the script; see {@linkcode SandboxBackend.exec}.
   *
   * @param sandbox A sandbox of this backend.
   * @param call The call, which must be the recorded one.
   * @param options Time limit and cancellation, which end a pending step.
   * @returns The recorded observation, a copy of its own; or one with the status
   * 504 if a pending step's time is up.
   * @throws {BackendError} `sandbox_gone` or `script_mismatch`; or the recorded
   * error.
   * @throws {RangeError} If the time limit is none.
   */
  async exec(
    sandbox: Sandbox,
    call: ToolCall,
    options: ExecOptions = {},
  ): Promise<Observation> {
    const { timeoutMs, signal } = options;
    signal?.throwIfAborted();
    checkTimeoutMs(timeoutMs);
    const gone = this.#running.get(sandbox)?.signal;
    if (gone === undefined) {
      throw new BackendError(
        "sandbox_gone",
        `Cannot run "${call.name}": sandbox ${sandbox?.id} was destroyed, or is ` +
          "of another backend. Launch a new one",
      );
    }
    const { answer, error } = this.#script.take(call);
    if (error !== undefined) throw error;
    if (answer !== undefined) return answer;
    await untilEnded(timeoutMs, [signal, gone]);
    return {
      status: 504,
      error: `"${call.name}" had not ended after ${timeoutMs} ms`,
    };
  }

  /**
   * Whether a sandbox is there, as a `SandboxPool` asks.
   *
   * @param sandbox A sandbox.
   */
  isAlive(sandbox: Sandbox): boolean {
    return this.#running.has(sandbox);
  }

  /**
   * Forgets a sandbox, and ends its pending calls with `sandbox_gone`; see
   * {@linkcode SandboxBackend.destroy}.
   *
   * @param sandbox A sandbox.
   */
  destroy(sandbox: Sandbox): Promise<void> {
    const running = this.#running.get(sandbox);
    this.#running.delete(sandbox);
    running?.abort(
      new BackendError("sandbox_gone", `Sandbox ${sandbox.id} was destroyed`),
    );
    return Promise.resolve();
  }

  /**
   * Opens a session with a server that replays the script of `sessions`; see
   * {@linkcode SessionBackend.openSession}.
   *
   * @param spec The spec of its sandbox.
   * @param options Sharing and cancellation; the program is not looked at.
   * @returns The session.
   * @throws {BackendError} What `launch` throws; `unsupported` if no sessions were
   * recorded.
   */
  async openSession(
    spec: LaunchSpec,
    options: OpenSessionOptions = {},
  ): Promise<SandboxSession> {
    const { signal, runKey, command } = options;
    signal?.throwIfAborted();
    const exchanges = this.#exchanges;
    if (exchanges === undefined) {
      throw new BackendError(
        "unsupported",
        "Cannot open a session: none were recorded. Give the option `sessions`",
      );
    }
    const checked = checkSpec(spec);
    const open = () => new ScriptedSession(this.#start(checked), exchanges);
    if (runKey === undefined) return open();
    return await this.#shared.open(
      runKey,
      { ...checked, server: command },
      () => Promise.resolve(open()),
      { signal },
    );
  }
}

/** Checks a spec as any backend does. A tier needs no preset, and is an image. */
function checkSpec(spec: LaunchSpec): CheckedSpec {
  const fields = readSpecFields(spec);
  const image = fields.image ?? fields.tier;
  return completeSpec({ ...fields, image }, DEFAULT_GRANTS);
}
