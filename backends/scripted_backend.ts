import { BackendError } from "./backend_error.ts";
import type { LaunchSpec } from "./launch_spec.ts";
import type {
  ExecOptions,
  LaunchOptions,
  Sandbox,
  SandboxBackend,
} from "./sandbox_backend.ts";
import type { Observation, ToolCall } from "./tool_call.ts";

/** A call that was recorded, and what came of it. */
export interface ScriptedStep {
  /** The call that must come; any call will do when it is left out. */
  readonly call?: ToolCall;
  /** What it returns, unless it throws. */
  readonly observation?: Observation;
  /** What it throws in place of returning. */
  readonly error?: Error;
}

/** Options of {@linkcode ScriptedBackend}. */
export interface ScriptedBackendOptions {
  /**
   * The backend's name.
   * @default {"scripted"}
   */
  readonly name?: string;
}

/**
 * A backend that runs nothing and replays recorded observations: for the tests of
 * those who use the port. Needs no permission.
 *
 * All its sandboxes share one script, whose steps are taken in the order of the
 * calls. A call other than the recorded one fails, takes no step, and says what
 * was expected.
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
 */
export class ScriptedBackend implements SandboxBackend {
  /** The name it was given. */
  readonly name: string;
  readonly #steps: readonly ScriptedStep[];
  readonly #running = new Set<Sandbox>();
  #next = 0;
  #launched = 0;

  /**
   * Takes a script.
   *
   * @param script The recorded calls, in order.
   * @param options The name.
   * @throws {TypeError} If a step has neither an observation nor an error.
   */
  constructor(
    script: Iterable<ScriptedStep>,
    options: ScriptedBackendOptions = {},
  ) {
    this.#steps = takeSteps(script);
    this.name = options.name ?? "scripted";
  }

  /** How many steps have not been taken. */
  get stepsLeft(): number {
    return this.#steps.length - this.#next;
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
   * @throws {BackendError} `spec_refused`, without an image or a tier.
   */
  // deno-lint-ignore require-await -- a throw must reject, as in every backend
  async launch(
    spec: LaunchSpec,
    options: LaunchOptions = {},
  ): Promise<Sandbox> {
    options.signal?.throwIfAborted();
    const image = spec.image ?? spec.tier;
    if (image === undefined) {
      throw new BackendError(
        "spec_refused",
        "Cannot launch: the spec has neither an image nor a tier. Give one",
      );
    }
    const sandbox: Sandbox = {
      id: `${this.name}-${++this.#launched}`,
      image,
      backend: this.name,
      [Symbol.asyncDispose]: () => this.destroy(sandbox),
    };
    this.#running.add(sandbox);
    return sandbox;
  }

  /**
   * Takes the script's next step; see {@linkcode SandboxBackend.exec}.
   *
   * @param sandbox A sandbox of this backend.
   * @param call The call, which must be the recorded one.
   * @param options Cancellation; a script takes no time, so no limit is reached.
   * @returns The recorded observation, a copy of its own.
   * @throws {BackendError} `sandbox_gone` or `script_mismatch`; or the recorded
   * error.
   */
  // deno-lint-ignore require-await -- a throw must reject, as in every backend
  async exec(
    sandbox: Sandbox,
    call: ToolCall,
    options: ExecOptions = {},
  ): Promise<Observation> {
    options.signal?.throwIfAborted();
    if (!this.#running.has(sandbox)) {
      throw new BackendError(
        "sandbox_gone",
        `Cannot run "${call.name}": sandbox ${sandbox.id} was destroyed, or is ` +
          "of another backend. Launch a new one",
      );
    }
    const step = this.#steps[this.#next];
    const expected = step === undefined
      ? `the script ended after ${this.#steps.length} steps`
      : step.call !== undefined && sorted(step.call) !== sorted(call)
      ? `step ${this.#next + 1} of the script expects ${sorted(step.call)}`
      : undefined;
    if (step === undefined || expected !== undefined) {
      throw new BackendError(
        "script_mismatch",
        `Cannot run ${sorted(call)}: ${expected}. Record the run again`,
      );
    }
    this.#next++;
    if (step.error !== undefined) throw step.error;
    return structuredClone(step.observation!);
  }

  /**
   * Forgets a sandbox; see {@linkcode SandboxBackend.destroy}.
   *
   * @param sandbox A sandbox.
   */
  destroy(sandbox: Sandbox): Promise<void> {
    this.#running.delete(sandbox);
    return Promise.resolve();
  }
}

function takeSteps(script: Iterable<ScriptedStep>): ScriptedStep[] {
  return Array.from(script, (step, i) => {
    const { call, observation, error } = step;
    if (observation === undefined && error === undefined) {
      throw new TypeError(
        `Step ${i + 1} of the script has neither an observation nor an error`,
      );
    }
    return {
      ...structuredClone({
        ...(call === undefined ? {} : { call }),
        ...(observation === undefined ? {} : { observation }),
      }),
      // An error is thrown as it is, since a clone would lose its class.
      ...(error === undefined ? {} : { error }),
    };
  });
}

/** JSON with keys in order, so that equal calls have equal texts. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_, member) => {
    if (typeof member !== "object" || member === null) return member;
    if (Array.isArray(member)) return member;
    const keys = Object.keys(member).sort();
    return Object.fromEntries(keys.map((key) => [key, member[key]]));
  });
}
