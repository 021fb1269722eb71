import { BackendError } from "../backend_error.ts";
import type { Posture } from "../posture.ts";
import { removeContainer } from "./box.ts";
import { type ContainerState, STATE_SHAPE } from "./check_posture.ts";
import type { Removal } from "./cleanups.ts";
import { containerConfig, type ContainerPlan } from "./container_config.ts";
import { delay } from "./delay.ts";
import type { Engine } from "./engine.ts";
import { Leash } from "./leash.ts";

/** How long a failed launch is waited for to be cleaned up, before it goes on alone. */
const CLEANUP_PATIENCE_MS = 10_000;
/** How long the engine may go on creating after the launch was given up. */
const CREATE_GRACE_MS = 2_000;
const SAID_CHARS_MAX = 500;

/** What starting a container has to do with beside its plan. */
export interface StartContext {
  readonly engine: Engine;
  readonly startupTimeoutMs: number;
  /** Calls it off. */
  readonly signal?: AbortSignal;
  /** Removes what a failed start has left; resolves when that was tried. */
  readonly onCleanup: (remove: Removal) => Promise<void>;
}

/** How a container is started. */
export interface StartHow {
  /** Whether its main program says when it is ready. */
  readonly saysReady: boolean;
  /** Is told its id before anything runs in it. */
  readonly onCreated?: ((id: string) => void) | undefined;
}

/** A container that runs. */
export interface StartedContainer {
  readonly id: string;
  readonly name: string;
  readonly leash: Leash;
  /** What its main program said until it was ready. */
  readonly said: string;
  readonly state: ContainerState;
}

/**
 * Creates a container and starts it, on a leash.
 *
 * @param accept Makes of it what is wanted, or throws if it is not as it should be.
 * @returns What `accept` returned. If anything fails, nothing is left.
 */
export async function startContainer<T>(
  plan: ContainerPlan,
  context: StartContext,
  { saysReady, onCreated }: StartHow,
  accept: (started: StartedContainer) => T,
): Promise<T> {
  const { engine, signal, startupTimeoutMs } = context;
  // Of one that was called off before, nothing would be heard below.
  signal?.throwIfAborted();
  const name = `zu-${crypto.randomUUID()}`;
  const over = new AbortController();
  const stop = stopper(signal, startupTimeoutMs, over.signal);
  // Ending this one is of no use: the engine would go on, and leave a container.
  const creating = createContainer(engine, name, plan, startupTimeoutMs);
  let attaching: Promise<Leash> | undefined;
  try {
    const id = await Promise.race([creating, stop]);
    onCreated?.(id);
    attaching = Leash.attach(engine, id, over.signal);
    const leash = await Promise.race([attaching, stop]);
    const reading = saysReady
      ? leash.readUntilReady()
      : Promise.resolve({ isReady: true, text: "" });
    reading.catch(() => {});
    await Promise.race([start(engine, id, over.signal), stop]);
    // It runs beside the reading, and says nothing of one that has ended.
    const inspecting = inspect(engine, id, over.signal);
    inspecting.catch(() => {});
    const { isReady, text } = await Promise.race([reading, stop]);
    if (!isReady) throw notReady(text);
    const state = await Promise.race([inspecting, stop]);
    if (!state.State.Running) throw notReady(text);
    const accepted = accept({ id, name, leash, said: text, state });
    leash.unref();
    return accepted;
  } catch (error) {
    // One that comes late would be held for ever.
    attaching?.then((leash) => leash.release(), () => {});
    await cleanUp(async () => {
      await creating.catch(() => {});
      await removeContainer(engine, name);
    }, context);
    throw error;
  } finally {
    over.abort();
  }
}

/** Waits for what a failed launch has left, but not for ever. */
export async function cleanUp(
  remove: Removal,
  { onCleanup }: Pick<StartContext, "onCleanup">,
): Promise<void> {
  const over = new AbortController();
  await Promise.race([
    onCleanup(remove),
    delay(CLEANUP_PATIENCE_MS, over.signal),
  ]);
  over.abort();
}

/** Rejects when the launch is called off or takes too long. */
function stopper(
  signal: AbortSignal | undefined,
  timeoutMs: number,
  over: AbortSignal,
): Promise<never> {
  const stopped = new Promise<never>((_, reject) => {
    const abort = () => reject(signal?.reason);
    const timer = setTimeout(() => {
      reject(
        new BackendError(
          "start_failed",
          `Cannot launch: the sandbox was not ready within ${timeoutMs} ms. Raise ` +
            "startupTimeoutMs, or look at what its image runs",
        ),
      );
    }, timeoutMs);
    signal?.addEventListener("abort", abort, { once: true });
    over.addEventListener("abort", () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    });
  });
  stopped.catch(() => {});
  return stopped;
}

async function createContainer(
  engine: Engine,
  name: string,
  plan: ContainerPlan,
  startupTimeoutMs: number,
): Promise<string> {
  const { Id } = await engine.json<{ Id: string }>({
    method: "POST",
    path: "/containers/create",
    query: { name },
    body: containerConfig(plan),
    what: "create a container",
    // Beyond that, what it may still create is left to a sweep.
    timeoutMs: startupTimeoutMs + CREATE_GRACE_MS,
    codes: { 400: "start_failed", 404: "image_unavailable" },
  }, { Id: "string" });
  return Id;
}

async function start(
  engine: Engine,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  await engine.json({
    signal,
    method: "POST",
    path: `/containers/${id}/start`,
    what: "start a container",
    codes: {
      400: "start_failed",
      404: "start_failed",
      // The forwarder whose network it is to share has ended.
      409: "start_failed",
      500: "start_failed",
    },
  });
}

async function inspect(
  engine: Engine,
  id: string,
  signal: AbortSignal,
): Promise<ContainerState> {
  return await engine.json<ContainerState>({
    signal,
    method: "GET",
    path: `/containers/${id}/json`,
    what: "see how the sandbox was started",
    codes: { 404: "start_failed" },
  }, STATE_SHAPE);
}

function notReady(said: string): BackendError {
  return new BackendError(
    "start_failed",
    "Cannot launch: the sandbox ended before it was ready. It said: " +
      `${said.slice(-SAID_CHARS_MAX).trim() || "nothing"}`,
  );
}

/** What to throw if it is not guarded as asked. */
export function unguarded({ problems }: Posture): BackendError {
  return new BackendError(
    "start_failed",
    `Cannot launch: of what was asked for, this is not so: ${
      problems.join("; ")
    }. Use an engine that can do it`,
  );
}
