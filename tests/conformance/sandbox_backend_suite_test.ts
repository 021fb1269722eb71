import {
  assert,
  assertEquals,
  AssertionError,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { BackendError } from "../../backends/mod.ts";
import {
  BREACHES,
  SOUND,
  Sound,
  SOUND_SHARING,
} from "../fakes/broken_backends/mod.ts";
import type { ConformanceTest } from "./payload_codec.ts";
import {
  type SandboxBackendTestOptions,
  testSandboxBackend,
} from "./sandbox_backend.ts";
import { SANDBOX_BACKEND_RULES } from "./sandbox_backend/rules.ts";

type Options = SandboxBackendTestOptions<Sound>;

/** The suite's tests, by rule. */
function collect(
  options: Partial<Options> = {},
): Map<string, ConformanceTest> {
  const tests = new Map<string, ConformanceTest>();
  testSandboxBackend({
    ...SOUND,
    patienceMs: 600,
    ...options,
    register: (test) => {
      const rule = test.name.replace(/^(lesson \d+: )?backend /, "$1");
      assert(!tests.has(rule), `two rules are named "${rule}"`);
      tests.set(rule, test);
    },
  });
  return tests;
}

/** What fails in a test: behind it, what then could not be ended. */
async function failure(test: ConformanceTest): Promise<unknown> {
  const thrown = await assertRejects(test.fn);
  return thrown instanceof SuppressedError ? thrown.suppressed : thrown;
}

for (const { what, rule, open } of BREACHES) {
  Deno.test(`testSandboxBackend catches a backend that ${what}`, async () => {
    const test = collect({ open }).get(rule);
    assert(test !== undefined, `there is no rule "${rule}"`);
    assertEquals(test.ignore, false, test.name);
    const error = await failure(test);
    // Any other error would be a slip in the broken backend, not its breach.
    const found = error instanceof AssertionError ||
      error instanceof BackendError;
    assert(found, `fails with ${Deno.inspect(error)}`);
  });
}

for (
  const [what, open] of Object.entries({
    "sound backend": () => new Sound(),
    "sound sharing": SOUND_SHARING.open,
  })
) {
  Deno.test(`testSandboxBackend lets the ${what} pass that the broken ones are made of`, async () => {
    for (const [rule, { ignore, fn }] of collect({ open })) {
      assert(!ignore, rule);
      await fn().catch((cause) => {
        throw new AssertionError(`"${rule}" fails`, { cause });
      });
    }
  });
}

Deno.test("testSandboxBackend has a broken backend for each of its rules", () => {
  const broken = new Set(BREACHES.map(({ rule }) => rule));
  const untried = SANDBOX_BACKEND_RULES.map(({ name }) => name)
    .filter((name) => !broken.has(name));
  assertEquals(untried, ["offers sessions, as it declares"]);
});

Deno.test("testSandboxBackend skips what is not declared or given, and says why", () => {
  const { works, fails } = SOUND.calls;
  const { session, failing, running, ...bare } = SOUND;
  assert(session && failing && running);
  const tests: ConformanceTest[] = [];
  testSandboxBackend({
    ...bare,
    calls: { works, fails },
    supports: { unrestrictedNetwork: true },
    register: (test) => tests.push(test),
  });
  const reasons = new Set(tests.flatMap(({ name, ignore }) => {
    const reason = /\(skipped: (.*)\)$/.exec(name)?.[1];
    assertEquals(reason !== undefined, ignore, name);
    return reason ?? [];
  }));
  assertEquals([...reasons].sort(), [
    "it declares unrestrictedNetwork",
    "it does not declare isolation",
    "it does not declare sessions",
    "it does not declare timeouts",
    "no calls.badArguments is given",
    "no calls.echo is given",
    "no failing is given",
    "no running is given",
  ]);
});

Deno.test("testSandboxBackend asks for what it takes to try what is declared", () => {
  const { works, fails } = SOUND.calls;
  const { session, ...bare } = SOUND;
  assert(session);
  for (const declared of ["isolation", "timeouts", "sessions"]) {
    const supports = { [declared]: true };
    const options = { ...bare, calls: { works, fails }, supports };
    assertThrows(() => testSandboxBackend(options), TypeError, declared);
  }
});

Deno.test("testSandboxBackend fails on a backend that declares sessions and has none", async () => {
  class NoSessions extends Sound {}
  Object.defineProperty(NoSessions.prototype, "openSession", {
    value: undefined,
  });
  const tests = collect({ open: () => new NoSessions() });
  const test = tests.get("offers sessions, as it declares")!;
  assert(await failure(test) instanceof AssertionError);
});

Deno.test("testSandboxBackend puts a lesson's number in front of the backend's name", () => {
  const names = Array.from(collect().values(), ({ name }) => name);
  assert(names.some((name) => name.startsWith("lesson 24: backend ")));
  for (const name of names) {
    assertEquals(name.lastIndexOf("lesson ") <= 0, true, name);
  }
});

Deno.test("testSandboxBackend ends what a failing rule left, and closes every backend", async () => {
  const opened: Sound[] = [];
  const closed: Sound[] = [];
  const wrong = { status: 200, text: "never" };
  const tests = collect({
    calls: {
      ...SOUND.calls,
      works: { ...SOUND.calls.works, observation: wrong },
    },
    open: () => {
      const backend = new Sound();
      opened.push(backend);
      return backend;
    },
    close: (backend) => closed.push(backend),
  });
  for (
    const rule of [
      "serves many sandboxes at once, from launch to end",
      "runs nothing in a sandbox that is another backend's",
    ]
  ) {
    await tests.get(rule)!.fn().catch((error) => {
      assert(error instanceof AssertionError, `${error}`);
    });
  }
  assertEquals(opened.length, 3);
  assertEquals(new Set(closed), new Set(opened));
  assertEquals(opened.map((backend) => backend.count()), [0, 0, 0]);
});

Deno.test("testSandboxBackend fails a test that leaves a sandbox, and one whose backend cannot be closed", async () => {
  const rule = "returns what a tool says, with an integer for a status";
  const left = collect({ running: () => 1, patienceMs: 50 }).get(rule)!;
  const error = await assertRejects(left.fn, AggregateError);
  assertStringIncludes(String(error.errors[0]), "there are 1 sandboxes, not 0");
  const reason = new Error("it is busy");
  const busy = collect({ close: () => Promise.reject(reason) }).get(rule)!;
  assertEquals((await assertRejects(busy.fn, AggregateError)).errors, [reason]);
});

Deno.test("testSandboxBackend disposes of a backend that can be disposed of", async () => {
  let disposals = 0;
  class Disposable extends Sound implements AsyncDisposable {
    [Symbol.asyncDispose](): Promise<void> {
      disposals++;
      return Promise.resolve();
    }
  }
  const tests = collect({ open: () => new Disposable() });
  await tests.get("gives each sandbox an id of its own")!.fn();
  assertEquals(disposals, 1);
});
