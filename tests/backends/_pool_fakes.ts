// A backend whose launches end when a test says so, and a clock that stands still.
import { setImmediate } from "node:timers/promises";
import type {
  LaunchOptions,
  LaunchSpec,
  Observation,
  PoolClock,
  Sandbox,
  SandboxBackend,
  SandboxPoolOptions,
} from "../../backends/mod.ts";
import { SandboxPool } from "../../backends/sandbox_pool.ts";

/** What the pools launch. */
export const SPEC: LaunchSpec = { image: "alpine" };

/** A launch that waits for the test. */
export interface HeldLaunch {
  readonly spec: LaunchSpec;
  readonly signal: AbortSignal | undefined;
  /** Lets it succeed. */
  readonly succeed: () => Sandbox;
  /** Lets it fail. */
  readonly fail: (error: unknown) => void;
}

/** A backend that launches when it is told to. */
export class HeldBackend implements SandboxBackend {
  readonly name = "held";
  /** The launches under way, the oldest first. */
  readonly held = new Set<HeldLaunch>();
  /** Every sandbox, and what has become of it. */
  readonly sandboxes = new Map<Sandbox, "there" | "dead" | "destroyed">();
  /** How many launches were under way at once, at most. */
  heldMax = 0;
  /** Whether an aborted launch ends by itself, as the port has it. */
  heedsSignal = true;
  /** What destroying throws, if anything. */
  destroyError: Error | undefined;
  #launched = 0;

  /** The first launch under way. */
  get first(): HeldLaunch {
    const [first] = this.held;
    if (first === undefined) throw new Error("No launch is under way");
    return first;
  }

  /** Lets the launches that are under way succeed. */
  succeedAll(): Sandbox[] {
    return Array.from(this.held, (launch) => launch.succeed());
  }

  launch(
    spec: LaunchSpec,
    { signal }: LaunchOptions = {},
  ): Promise<Sandbox> {
    const { promise, resolve, reject } = Promise.withResolvers<Sandbox>();
    const end = () => {
      this.held.delete(launch);
      signal?.removeEventListener("abort", onAbort);
    };
    const launch: HeldLaunch = {
      spec,
      signal,
      succeed: () => {
        end();
        const sandbox = this.#sandbox();
        resolve(sandbox);
        return sandbox;
      },
      fail: (error) => {
        end();
        reject(error);
      },
    };
    const onAbort = () => {
      if (this.heedsSignal) launch.fail(signal?.reason);
    };
    this.held.add(launch);
    this.heldMax = Math.max(this.heldMax, this.held.size);
    signal?.addEventListener("abort", onAbort);
    return promise;
  }

  #sandbox(): Sandbox {
    const sandbox: Sandbox = {
      id: `held-${++this.#launched}`,
      image: "held",
      backend: this.name,
      [Symbol.asyncDispose]: () => this.destroy(sandbox),
    };
    this.sandboxes.set(sandbox, "there");
    return sandbox;
  }

  exec(): Promise<Observation> {
    return Promise.resolve({ status: 200 });
  }

  destroy(sandbox: Sandbox): Promise<void> {
    if (this.destroyError !== undefined) {
      return Promise.reject(this.destroyError);
    }
    this.sandboxes.set(sandbox, "destroyed");
    return Promise.resolve();
  }

  /** The ids of the sandboxes that were destroyed. */
  get destroyed(): string[] {
    return this.sandboxes.entries().flatMap(([{ id }, state]) =>
      state === "destroyed" ? [id] : []
    ).toArray();
  }
}

/** A clock that goes on when it is told to. */
export class HeldClock implements PoolClock {
  readonly #timers = new Set<{ at: number; call: () => void }>();
  #now = 0;

  /** How many calls are to come. */
  get timers(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, call: () => void): () => void {
    const timer = { at: this.#now + ms, call };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Lets time go by, and what is due be late, as on a machine that slept. */
  jump(ms: number): void {
    this.#now += ms;
  }

  /** Lets time go by, and what is due happen when it is due. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= end)
        .sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.at);
      this.#timers.delete(next);
      next.call();
      await settled();
    }
    this.#now = end;
  }
}

/** Resolves when everything that waits for nothing else has happened. */
export async function settled(): Promise<void> {
  await setImmediate();
}

/** A pool, what it runs on and what it reported. */
export interface HeldPool {
  readonly backend: HeldBackend;
  readonly clock: HeldClock;
  readonly pool: SandboxPool;
  readonly errors: readonly unknown[];
}

/** A pool on a held backend, whose clock stands still. */
export async function hold(
  options: Partial<SandboxPoolOptions> = {},
): Promise<HeldPool> {
  const backend = new HeldBackend();
  const clock = new HeldClock();
  const errors: unknown[] = [];
  const pool = new SandboxPool(backend, SPEC, {
    size: 1,
    clock,
    onError: (error) => errors.push(error),
    ...options,
  });
  await settled();
  return { backend, clock, pool, errors };
}

/** A promise's outcome, as soon as it has one. */
export function outcome<T>(
  promise: Promise<T>,
): { value?: T; error?: unknown } {
  const found: { value?: T; error?: unknown } = {};
  promise.then((value) => found.value = value, (error) => {
    found.error = error;
  });
  return found;
}
