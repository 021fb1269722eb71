// What a fault on the real engine is tried with.
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  BackendError,
  type BackendErrorCode,
  type LaunchSpec,
  type Sandbox,
} from "../../../backends/mod.ts";
import { CountedSignal } from "../../conformance/_counted_signal.ts";
import { type TestBackend, text } from "../_engine.ts";
import { IMAGES } from "../_images.ts";

/** A fault: lets it happen, and sees what becomes of whatever is going on. */
export type Fault = (world: World) => Promise<void>;

/** What a fault is tried with. */
export interface World {
  /** The backend; whatever it has left is counted when the fault is over. */
  readonly backend: TestBackend;
  /** Told of numbers that are worth writing down. */
  readonly note: (name: string, value: number) => void;
}

/** What no program of a sandbox does is to end by itself. */
export const FOR_EVER = ["sh", "-c", "echo on; sleep 1000"] as const;

/** Launches a sandbox of the usual image. */
export async function launch(
  { backend }: World,
  spec: LaunchSpec = {},
): Promise<Sandbox> {
  return await backend.launch({ image: IMAGES.busybox, ...spec });
}

/** Sees that a sandbox still runs programs. */
export async function assertWorks(
  { backend }: World,
  sandbox: Sandbox,
): Promise<void> {
  const { exitCode, stdout } = await backend.run(sandbox, ["echo", "works"]);
  assertEquals([exitCode, text(stdout)], [0, "works\n"]);
}

/** Sees that a sandbox is gone, that this is said, and that the next one works. */
export async function assertGone(
  world: World,
  sandbox: Sandbox,
): Promise<void> {
  await failsWith("sandbox_gone", () => world.backend.run(sandbox, ["true"]));
  await using next = await launch(world);
  await assertWorks(world, next);
}

/** Sees that no program but the backend's own is left in a sandbox. */
export async function assertAlone(
  { backend }: World,
  sandbox: Sandbox,
): Promise<void> {
  const others = (await backend.top(sandbox))
    .filter(({ user }) => user !== "65533");
  assertEquals(others, []);
}

/** Fails with a code. */
export async function failsWith(
  code: BackendErrorCode,
  fn: () => Promise<unknown>,
): Promise<BackendError> {
  const error = await assertRejects(fn, BackendError);
  assertEquals(error.code, code, error.message);
  return error;
}

/** What goes on in a sandbox, of every kind, and how each of it ended. */
export interface Activity {
  /** Resolves with an outcome, or with an error's code, for each. */
  readonly ends: Promise<Readonly<Record<string, string>>>;
}

/** Has a run, a spawned program and a command of a shell go on in a sandbox. */
export async function keepBusy(
  { backend }: World,
  sandbox: Sandbox,
): Promise<Activity> {
  const counted = new CountedSignal();
  const { signal } = counted;
  const spawned = await backend.spawn(sandbox, FOR_EVER, { signal });
  const shell = await backend.shell(sandbox);
  const said = new Response(spawned.stdout).text();
  const reading = said.then(() => {}, () => {});
  await spawned.stderr.cancel();
  const running = {
    run: backend.run(sandbox, FOR_EVER, { signal }),
    spawn: spawned.status,
    shell: shell.run(["sleep", "1000"], { signal }),
  };
  const ends = Object.entries(running).map(async ([name, end]) => {
    const outcome = await end.then(
      (result) => result.outcome as string,
      (error) => codeOf(error),
    );
    return [name, outcome] as const;
  });
  const all = Promise.all(ends).then(async (pairs) => {
    await reading;
    await shell.close().catch((error) => codeOf(error));
    counted.assertLeft("what went on");
    return Object.fromEntries(pairs);
  });
  // The fault comes when all of it goes on.
  for (;;) {
    const sleeping = (await backend.top(sandbox))
      .filter(({ command }) => command === "sleep 1000");
    if (sleeping.length === 3) return { ends: all };
  }
}

function codeOf(error: unknown): string {
  assert(error instanceof BackendError, String(error));
  return error.code;
}
