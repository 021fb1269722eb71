import { untilEnded } from "../_until_ended.ts";
import { BackendError } from "../backend_error.ts";
import { checkEngine } from "./check_engine.ts";
import type { Engine } from "./engine.ts";
import { type Owner, readOwner } from "./owner.ts";
import { sweep } from "./sweep.ts";

/** Options of {@linkcode Preparation}. */
export interface PreparationOptions {
  /** How long a launch waits for it, in milliseconds. */
  readonly timeoutMs: number;
  /** Is told what could not be done. */
  readonly onWarning: (message: string) => void;
}

/** What is done once, before the first launch: a look at the engine, and a sweep. */
export class Preparation {
  readonly #engine: Engine;
  readonly #options: PreparationOptions;
  #ready: Promise<Owner> | undefined;

  constructor(engine: Engine, options: PreparationOptions) {
    this.#engine = engine;
    this.#options = options;
  }

  /**
   * Waits for it, and says who this process is.
   *
   * @throws {BackendError} `engine_unavailable`, or what keeps an engine from use.
   */
  async owner(signal: AbortSignal | undefined): Promise<Owner> {
    const { timeoutMs } = this.#options;
    const ready = this.#ready ??= this.#prepare().catch((error) => {
      // It may be another engine by the next launch.
      this.#ready = undefined;
      throw error;
    });
    const ended = await untilEnded(timeoutMs, [signal], ready);
    if (ended !== "timeout") return ended.value;
    throw new BackendError(
      "engine_unavailable",
      `Cannot launch: the engine did not answer within ${timeoutMs} ms`,
    );
  }

  /** Resolves or rejects when nothing of it goes on. */
  async done(): Promise<void> {
    await this.#ready;
  }

  async #prepare(): Promise<Owner> {
    const owner = await readOwner();
    await checkEngine(this.#engine);
    try {
      await sweep(this.#engine, owner);
    } catch (error) {
      // Only an engine that answers can do without.
      if (!(error instanceof BackendError) || error.code !== "engine_failed") {
        throw error;
      }
      this.#options.onWarning(
        `What others left could not be removed: ${error.message}`,
      );
    }
    return owner;
  }
}
