import type { LaunchSpec, SandboxBackend } from "../../backends/mod.ts";
import type { ConformanceTest } from "./payload_codec.ts";
import { TestContext } from "./sandbox_backend/context.ts";
import { checkDeclared, skipReason } from "./sandbox_backend/needs.ts";
import type {
  FailingSpec,
  SandboxBackendSupports,
  SandboxCalls,
  SandboxSessionCalls,
} from "./sandbox_backend/rule.ts";
import { SANDBOX_BACKEND_RULES } from "./sandbox_backend/rules.ts";

export type {
  ExpectedCall,
  ExpectedReply,
  FailingSpec,
  SandboxBackendSupports,
  SandboxCalls,
  SandboxSessionCalls,
} from "./sandbox_backend/rule.ts";

/** How long a rule waits, by default, for what must come. */
const PATIENCE_MS = 10_000;

/** What to test, for {@linkcode testSandboxBackend}. */
export interface SandboxBackendTestOptions<
  B extends SandboxBackend = SandboxBackend,
> {
  /** The backend's name, which stands in the name of each test. */
  readonly name: string;
  /** Opens a backend. Each test opens one, and some of them a second. */
  readonly open: () => B | Promise<B>;
  /**
   * Closes a backend after its test.
   *
   * @default {its `Symbol.asyncDispose`, if it has one}
   */
  readonly close?: (backend: B) => unknown;
  /**
   * Counts the sandboxes of a backend as they can be seen from outside of it, such
   * as the containers at its engine, so that a rule can check that nothing is left.
   *
   * @default {nothing is counted}
   */
  readonly running?: (backend: B) => number | Promise<number>;
  /** The spec of the sandboxes in which the calls are run. */
  readonly spec: LaunchSpec;
  /** Calls, and what must come of them. */
  readonly calls: SandboxCalls;
  /**
   * What the backend promises beyond the contract; rules for what it does not are
   * skipped, each with that reason in its test's name.
   *
   * @default {{}}
   */
  readonly supports?: SandboxBackendSupports;
  /** How to try its sessions, if it declares them. */
  readonly session?: SandboxSessionCalls;
  /**
   * Specs that are sound, but whose launch fails, such as one with a program that
   * is not in the image.
   *
   * @default {none}
   */
  readonly failing?: readonly FailingSpec[];
  /**
   * How long a test waits for what must come, such as an observation; at least
   * half a second, since calls that are cut short run for a while.
   *
   * @default {10_000}
   */
  readonly patienceMs?: number;
  /**
   * What takes the tests.
   *
   * @default {Deno.test, with the sanitizers of ops and resources on}
   */
  readonly register?: (test: ConformanceTest) => unknown;
}

/**
 * Registers the tests that state the contract of a {@linkcode SandboxBackend}, and
 * of a `SessionBackend` where sessions are declared.
 *
 * Each test is a rule of the port's documentation, and has a backend of its own,
 * which must have no sandbox left at its end. A backend that passes can stand
 * wherever the built-in ones do. What it does not declare in `supports`, or what
 * the options leave out, is skipped, with the reason in the test's name. How
 * tight a sandbox is cannot be seen through the port, and is left to tests of the
 * adapter's own.
 *
 * @param options The backend, what to do with it and what it declares.
 * @throws {TypeError} If something is declared without the calls that it takes to
 * try it.
 *
 * @example A backend of your own, in a test file
 * ```ts ignore
 * testSandboxBackend({
 *   name: "MyBackend",
 *   open: () => new MyBackend({ tools: { say: (args) => ["echo", args.text] } }),
 *   running: (backend) => backend.countAtTheEngine(),
 *   spec: { image: "alpine" },
 *   calls: {
 *     works: {
 *       call: { name: "say", args: { text: '{"status":200}' } },
 *       observation: { status: 200 },
 *     },
 *     fails: { call: { name: "say", args: {} } },
 *   },
 * });
 * ```
 *
 * @example With another runner than Deno's
 * ```ts
 * import { ScriptedBackend } from "@zu/backends/backends";
 * import { type ConformanceTest, testSandboxBackend } from "@zu/backends/testing";
 *
 * const works = { name: "fetch", args: { url: "https://example.com/" } };
 * const fails = { name: "fetch", args: { url: "https://example.com/no" } };
 * const tests: ConformanceTest[] = [];
 * testSandboxBackend({
 *   name: "ScriptedBackend",
 *   open: () =>
 *     new ScriptedBackend([
 *       { call: works, observation: { status: 200 }, times: Infinity },
 *       { observation: { status: 500, error: "failed" }, times: Infinity },
 *     ], { anyOrder: true }),
 *   spec: { image: "alpine" },
 *   calls: {
 *     works: { call: works, observation: { status: 200 } },
 *     fails: { call: fails },
 *   },
 *   register: (test) => tests.push(test),
 * });
 * for (const { ignore, fn } of tests) {
 *   if (!ignore) await fn();
 * }
 * ```
 */
export function testSandboxBackend<B extends SandboxBackend>(
  options: SandboxBackendTestOptions<B>,
): void {
  const {
    name,
    open,
    close = dispose,
    running,
    spec,
    calls,
    supports = {},
    session,
    failing = [],
    patienceMs = PATIENCE_MS,
    register = registerWithDeno,
  } = options;
  const given = { supports, calls, session, failing, running };
  checkDeclared(given);
  for (const rule of SANDBOX_BACKEND_RULES) {
    const reason = skipReason(rule, given);
    register({
      name: testName(name, rule.name) +
        (reason === undefined ? "" : ` (skipped: ${reason})`),
      ignore: reason !== undefined,
      fn: async () => {
        await using context = await TestContext.create({
          ...given,
          open,
          close,
          spec,
          patienceMs,
        });
        await rule.check(context);
      },
    });
  }
}

/** Puts the backend's name in front of the rule, but behind `lesson N: `. */
function testName(backend: string, rule: string): string {
  const lesson = /^lesson \d+: /.exec(rule)?.[0] ?? "";
  return `${lesson}${backend} ${rule.slice(lesson.length)}`;
}

async function dispose(
  backend: SandboxBackend & Partial<AsyncDisposable>,
): Promise<void> {
  await backend[Symbol.asyncDispose]?.();
}

function registerWithDeno(test: ConformanceTest): void {
  Deno.test({ ...test, sanitizeOps: true, sanitizeResources: true });
}
