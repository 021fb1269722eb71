import { LaunchBackoff } from "./pool/launch_backoff.ts";
import {
  type LivenessBackend,
  type PoolBounds,
  poolBounds,
  type PoolClock,
  type SandboxPoolOptions,
  SYSTEM_CLOCK,
} from "./pool/pool_options.ts";
import { TakerQueue } from "./pool/taker_queue.ts";
import { type Warm, WarmStock } from "./pool/warm_stock.ts";
import { BackendError } from "./backend_error.ts";
import type { LaunchSpec } from "./launch_spec.ts";
import type { Sandbox, SandboxBackend } from "./sandbox_backend.ts";

export type {
  LivenessBackend,
  PoolClock,
  SandboxPoolOptions,
} from "./pool/pool_options.ts";

/** Options of {@linkcode SandboxPool.take}. */
export interface TakeOptions {
  /** Gives up waiting; the call then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A launch under way. */
interface Launch {
  readonly staleAt: number;
  /** The round in which it began; see {@linkcode LaunchBackoff}. */
  readonly round: number;
}

/**
 * Keeps sandboxes of one spec warm, so that one is at hand at once.
 *
 * Each is handed out once, to one taker, who destroys it: `await using`. Others are
 * launched in the background in its place. Takers who find none wait for the next
 * one, first come, first served. A warm sandbox that died or is too old is not
 * handed out, but replaced.
 *
 * After a launch that failed, there is a pause before the next, and one launch at a
 * time until one succeeds. Once `failuresMax` have failed in a row, those who wait,
 * and those who come during a pause, get the last failure.
 *
 * The pool launches from when it is made. It needs the permissions of its backend,
 * which it does not close.
 *
 * @example A warm sandbox
 * ```ts
 * import { SandboxPool, ScriptedBackend } from "@zu/backends/backends";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = new ScriptedBackend([{ observation: { status: 200 } }]);
 * await using pool = new SandboxPool(backend, { image: "alpine" }, { size: 2 });
 * await using sandbox = await pool.take();
 * const { status } = await backend.exec(sandbox, { name: "fetch", args: {} });
 * assertEquals(status, 200);
 * ```
 */
export class SandboxPool implements AsyncDisposable {
  readonly #backend: SandboxBackend;
  readonly #spec: LaunchSpec;
  readonly #bounds: PoolBounds;
  readonly #clock: PoolClock;
  readonly #isAlive: LivenessBackend["isAlive"] | undefined;
  readonly #onError: ((error: unknown) => void) | undefined;
  readonly #takers: TakerQueue;
  readonly #warm: WarmStock;
  /** Those that are being asked whether they are alive, and what stops that. */
  readonly #checks = new Map<Warm, () => void>();
  readonly #launches = new Set<Launch>();
  /** What goes on in the background; none of it rejects. */
  readonly #work = new Set<Promise<void>>();
  readonly #undestroyed = new Map<Sandbox, unknown>();
  readonly #backoff: LaunchBackoff;
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  /**
   * Begins to launch.
   *
   * @param backend What launches the sandboxes; its `isAlive`, if it has one, is
   * asked before a sandbox is handed out.
   * @param spec What they are to be; copied.
   * @param options How many, and the bounds of everything else.
   * @throws {RangeError} If an option is out of bounds.
   */
  constructor(
    backend: SandboxBackend & Partial<LivenessBackend>,
    spec: LaunchSpec,
    options: SandboxPoolOptions,
  ) {
    const { clock = SYSTEM_CLOCK, isAlive, onError } = options;
    this.#backend = backend;
    this.#spec = structuredClone(spec);
    this.#bounds = poolBounds(options, this.#spec);
    this.#clock = clock;
    this.#isAlive = isAlive ?? backend.isAlive?.bind(backend);
    this.#onError = onError;
    this.#takers = new TakerQueue({ ...this.#bounds, clock });
    this.#warm = new WarmStock(clock, (stale) => {
      for (const sandbox of stale) this.#discard(sandbox);
      this.#proceed();
    });
    this.#backoff = new LaunchBackoff(
      { ...this.#bounds, clock },
      () => this.#proceed(),
    );
    this.#proceed();
  }

  /** How many sandboxes can be handed out at once. */
  get ready(): number {
    return this.#warm.length;
  }

  /** How many launches are under way. */
  get pending(): number {
    return this.#launches.size;
  }

  /** How many takers wait. */
  get waiting(): number {
    return this.#takers.length;
  }

  /**
   * Hands out a sandbox: a warm one, or else the next one that is launched. It is
   * the taker's from then on, who has to destroy it.
   *
   * @param options Cancellation. A taker who gives up loses no sandbox.
   * @returns The sandbox.
   * @throws {BackendError} `closed`; `timeout` after `takeTimeoutMs`; or what the
   * last launch threw, once `failuresMax` have failed in a row.
   * @throws {RangeError} If `takersMax` takers wait already.
   */
  async take(options: TakeOptions = {}): Promise<Sandbox> {
    const { signal } = options;
    signal?.throwIfAborted();
    this.#closing.signal.throwIfAborted();
    const taken = this.#takers.add(signal, () => this.#backoff.cause);
    this.#proceed();
    return await taken;
  }

  /**
   * Drains the pool: turns away those who wait, ends the launches under way, and
   * destroys what is warm. What was handed out is not touched. Harmless if done
   * before.
   *
   * @throws {BackendError} `engine_failed` if warm sandboxes could not be destroyed.
   */
  close(): Promise<void> {
    return this.#closed ??= this.#drain();
  }

  /** The same as {@linkcode SandboxPool.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #drain(): Promise<void> {
    const message = "The pool of sandboxes is closed. Make a new one";
    const reason = new BackendError("closed", message);
    // From here on, nothing is launched, handed out or put back.
    this.#closing.abort(reason);
    this.#backoff.stop();
    this.#takers.rejectAll(reason);
    for (const sandbox of this.#warm.clear()) this.#discard(sandbox);
    for (const stop of this.#checks.values()) stop();
    // Those that could not be destroyed before are tried once more.
    const left = [...this.#undestroyed.keys()];
    this.#undestroyed.clear();
    for (const sandbox of left) this.#discard(sandbox);
    while (this.#work.size > 0) await Promise.all(this.#work);
    if (this.#undestroyed.size === 0) return;
    const ids = Array.from(this.#undestroyed.keys(), ({ id }) => id);
    throw new BackendError(
      "engine_failed",
      `Cannot destroy ${ids.length} of the pool's sandboxes, which are there ` +
        `until their time ends: ${ids.join(", ")}`,
      { cause: new AggregateError(this.#undestroyed.values()) },
    );
  }

  /** Does what there is to do, whenever something has changed. */
  #proceed(): void {
    if (this.#closing.signal.aborted) return;
    this.#serve();
    this.#refill();
    if (this.#backoff.isHopeless && this.#checks.size === 0) {
      this.#takers.rejectAll(this.#backoff.cause.cause);
    }
  }

  /** Hands warm sandboxes to those who wait. */
  #serve(): void {
    // What is being checked is as good as given to the first who wait.
    while (this.#takers.length > this.#checks.size) {
      const oldest = this.#warm.shift();
      if (oldest === undefined) return;
      if (this.#warm.isStale(oldest)) this.#discard(oldest.sandbox);
      else if (this.#isAlive === undefined) this.#takers.give(oldest.sandbox);
      else this.#track(this.#check(oldest, this.#isAlive));
    }
  }

  /** Asks whether a warm sandbox is alive, and hands it out if so. */
  async #check(
    warm: Warm,
    isAlive: LivenessBackend["isAlive"],
  ): Promise<void> {
    const { promise: stopped, resolve } = Promise.withResolvers<false>();
    const { checkTimeoutMs } = this.#bounds;
    const callOff = this.#clock.after(checkTimeoutMs, () => {
      const message =
        `Whether sandbox ${warm.sandbox.id} is alive was not said ` +
        `within ${checkTimeoutMs} ms`;
      this.#report(new BackendError("timeout", message));
      resolve(false);
    }, true);
    this.#checks.set(warm, () => resolve(false));
    let isUsable = false;
    try {
      isUsable = await Promise.race([isAlive(warm.sandbox), stopped]);
    } catch (error) {
      this.#report(error);
    }
    callOff();
    this.#checks.delete(warm);
    if (isUsable) this.#put(warm);
    else this.#discard(warm.sandbox);
    this.#proceed();
  }

  /** Hands a sandbox to whoever has waited longest, or else keeps it. */
  #put(warm: Warm): void {
    const isOpen = !this.#closing.signal.aborted;
    if (isOpen && this.#takers.give(warm.sandbox)) return;
    // Those for whom it was launched may have given up.
    if (!isOpen || this.#warm.length >= this.#bounds.size) {
      this.#discard(warm.sandbox);
      return;
    }
    this.#warm.add(warm);
  }

  /** Launches what is missing, as far as it may. */
  #refill(): void {
    const { size, launchesMax } = this.#bounds;
    while (this.#launches.size < launchesMax) {
      const wanted = size + this.#takers.length;
      const there = this.#warm.length + this.#checks.size + this.#launches.size;
      if (there >= wanted || this.#isHeldBack()) return;
      this.#launch();
    }
  }

  /** Whether failures keep it from launching now. */
  #isHeldBack(): boolean {
    const { isFailing, isPausing, round } = this.#backoff;
    // While it fails, one launch at a time is enough to see whether it still does.
    const isTried = () =>
      this.#launches.values().some((launch) => launch.round === round);
    return isFailing && (isPausing || isTried());
  }

  #launch(): void {
    const launch: Launch = {
      staleAt: this.#clock.now() + this.#bounds.warmMsMax,
      round: this.#backoff.round,
    };
    this.#launches.add(launch);
    const { signal } = this.#closing;
    // Not at once, so that no backend is called from within a backend's call.
    const launched = Promise.resolve().then(() => {
      signal.throwIfAborted();
      return this.#backend.launch(this.#spec, { signal });
    });
    this.#track(
      launched.then(
        (sandbox) => this.#launched(launch, sandbox),
        (error) => this.#failed(launch, error),
      ),
    );
  }

  #launched(launch: Launch, sandbox: Sandbox): void {
    const warm = { sandbox, staleAt: launch.staleAt };
    if (this.#warm.isStale(warm)) {
      this.#discard(sandbox);
      const message =
        `Sandbox ${sandbox.id} took longer to launch than it may ` +
        `be kept warm, ${this.#bounds.warmMsMax} ms`;
      this.#failed(launch, new BackendError("start_failed", message));
      return;
    }
    this.#launches.delete(launch);
    this.#backoff.succeeded();
    this.#put(warm);
    this.#proceed();
  }

  #failed(launch: Launch, error: unknown): void {
    this.#launches.delete(launch);
    const { aborted, reason } = this.#closing.signal;
    if (aborted && error === reason) return;
    this.#report(error);
    if (aborted) return;
    this.#backoff.failed(error, launch.round);
    this.#proceed();
  }

  #discard(sandbox: Sandbox): void {
    const end = async () => {
      try {
        await this.#backend.destroy(sandbox);
      } catch (error) {
        this.#undestroyed.set(sandbox, error);
        this.#report(error);
      }
    };
    this.#track(end());
  }

  #track(work: Promise<void>): void {
    this.#work.add(work);
    work.then(() => this.#work.delete(work));
  }

  /** Tells of a failure, in a turn of its own, where a throw is the caller's. */
  #report(error: unknown): void {
    const onError = this.#onError;
    if (onError !== undefined) queueMicrotask(() => onError(error));
  }
}
