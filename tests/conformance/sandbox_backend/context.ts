import { soon } from "../_soon.ts";
import { assertEquals, AssertionError } from "@std/assert";
import type {
  ExecOptions,
  LaunchOptions,
  LaunchSpec,
  Observation,
  OpenSessionOptions,
  Sandbox,
  SandboxBackend,
  SandboxSession,
  SessionBackend,
  ToolCall,
} from "../../../backends/mod.ts";
import { assertObserved, later } from "./asserts.ts";
import type {
  FailingSpec,
  RuleContext,
  SandboxBackendSupports,
  SandboxCalls,
  SandboxSessionCalls,
} from "./rule.ts";

/** How long to wait until the sandboxes are counted again. */
const COUNT_AGAIN_MS = 20;

/** What to open, how to look at it and close it, and how long to wait. */
export interface TestContextOptions<B extends SandboxBackend> {
  readonly open: () => B | Promise<B>;
  readonly close: (backend: B) => unknown;
  readonly running: ((backend: B) => number | Promise<number>) | undefined;
  readonly spec: LaunchSpec;
  readonly supports: SandboxBackendSupports;
  readonly calls: SandboxCalls;
  readonly failing: readonly FailingSpec[];
  readonly session: SandboxSessionCalls | undefined;
  readonly patienceMs: number;
}

/** A rule's context: ends what the rule launched and opened, latest first. */
export class TestContext<B extends SandboxBackend>
  implements RuleContext, AsyncDisposable {
  readonly backend: B;
  readonly #options: TestContextOptions<B>;
  readonly #ends: (() => Promise<void>)[] = [];

  private constructor(options: TestContextOptions<B>, backend: B) {
    this.backend = backend;
    this.#options = options;
    this.#onEnd(backend);
  }

  /** Opens the first backend. */
  static async create<B extends SandboxBackend>(
    options: TestContextOptions<B>,
  ): Promise<TestContext<B>> {
    return new TestContext(options, await options.open());
  }

  get supports(): SandboxBackendSupports {
    return this.#options.supports;
  }

  get calls(): SandboxCalls {
    return this.#options.calls;
  }

  get failing(): readonly FailingSpec[] {
    return this.#options.failing;
  }

  get session(): SandboxSessionCalls {
    // Rules that need sessions are not run without them.
    return this.#options.session!;
  }

  /** Has a backend closed at the end, when none of its sandboxes may be left. */
  #onEnd(backend: B): void {
    const { close, running } = this.#options;
    this.#atEnd("the backend's closing", async () => {
      await close(backend);
    });
    if (running === undefined) return;
    this.#ends.push(() => this.#untilRunning(0, () => running(backend)));
  }

  #atEnd(what: string, end: () => Promise<void>): void {
    this.#ends.push(() => this.soon(what, end()));
  }

  // Rules take these out of the context, so they are bound to it.
  readonly spec = (): LaunchSpec => structuredClone(this.#options.spec);

  readonly open = async (): Promise<SandboxBackend> => {
    const backend = await this.#options.open();
    this.#onEnd(backend);
    return backend;
  };

  readonly launch = (
    spec?: LaunchSpec,
    options?: LaunchOptions,
  ): Promise<Sandbox> =>
    this.#launch(
      this.backend,
      spec === undefined ? this.spec() : spec,
      options,
    );

  readonly launchOn = (backend: SandboxBackend): Promise<Sandbox> =>
    this.#launch(backend, this.spec());

  async #launch(
    backend: SandboxBackend,
    spec: LaunchSpec,
    options?: LaunchOptions,
  ): Promise<Sandbox> {
    const launching = later(backend.launch(spec, options));
    // Also if it comes too late.
    launching.then((sandbox) => {
      this.#atEnd("a sandbox's end", () => backend.destroy(sandbox));
    }, () => {});
    return await this.soon("a launch", launching);
  }

  readonly exec = (
    sandbox: Sandbox,
    call: ToolCall,
    options?: ExecOptions,
  ): Promise<Observation> =>
    this.soon("an observation", this.backend.exec(sandbox, call, options));

  readonly destroy = (sandbox: Sandbox): Promise<void> =>
    this.soon("the end of a sandbox", this.backend.destroy(sandbox));

  readonly openSession = async (
    options: OpenSessionOptions = {},
    spec: LaunchSpec = structuredClone(this.session.spec ?? this.spec()),
  ): Promise<SandboxSession> => {
    const { command } = this.session;
    const backend: SandboxBackend & Partial<SessionBackend> = this.backend;
    const opening = later(backend.openSession!(spec, {
      ...(command === undefined ? {} : { command }),
      ...options,
    }));
    opening.then((session) => {
      this.#atEnd("a session's end", () => session.close());
    }, () => {});
    return await this.soon("a session", opening);
  };

  readonly assertWorks = async (sandbox: Sandbox): Promise<void> => {
    const { call, observation } = this.calls.works;
    assertObserved(await this.exec(sandbox, call), observation);
  };

  readonly assertRunning = async (count: number): Promise<void> => {
    const running = await this.#options.running?.(this.backend);
    assertEquals(running ?? count, count, "the number of sandboxes");
  };

  readonly untilRunning = async (count: number): Promise<void> => {
    const { running } = this.#options;
    if (running === undefined) return;
    await this.#untilRunning(count, () => running(this.backend));
  };

  async #untilRunning(
    count: number,
    running: () => number | Promise<number>,
  ): Promise<void> {
    const end = performance.now() + this.#options.patienceMs;
    for (
      let found = await running();
      found !== count;
      found = await running()
    ) {
      if (performance.now() > end) {
        throw new AssertionError(`there are ${found} sandboxes, not ${count}`);
      }
      await new Promise((resolve) => setTimeout(resolve, COUNT_AGAIN_MS));
    }
  }

  readonly soon = <T>(what: string, promise: Promise<T>): Promise<T> =>
    soon(what, promise, this.#options.patienceMs);

  /** Ends everything, even where some fails. */
  async [Symbol.asyncDispose](): Promise<void> {
    const errors: unknown[] = [];
    for (const end of this.#ends.splice(0).reverse()) {
      try {
        await end();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) {
      throw new AggregateError(errors, "What a test made could not be ended");
    }
  }
}
