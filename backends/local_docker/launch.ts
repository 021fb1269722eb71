import { BackendError } from "../backend_error.ts";
import type { PullPolicy } from "../launch_spec.ts";
import type { CheckedSpec } from "../spec/complete_spec.ts";
import type { Posture } from "../posture.ts";
import type { LaunchOptions } from "../sandbox_backend.ts";
import { Box, removeContainer } from "./box.ts";
import { type ContainerState, readPosture } from "./check_posture.ts";
import { containerConfig, type ContainerPlan } from "./container_config.ts";
import { delay } from "./delay.ts";
import type { Engine } from "./engine.ts";
import { guardedCommand, holderCommand } from "./holder.ts";
import { ensureImage, type Image } from "./image.ts";
import { type Inside, readInside } from "./inside.ts";
import { Leash } from "./leash.ts";
import { planTmpfs } from "./plan_tmpfs.ts";
import type { TaggingShell } from "./process_tag.ts";
import { chooseUser, type SandboxUser, UNPRIVILEGED } from "./sandbox_user.ts";

/** How long a failed launch is waited for to be cleaned up, before it goes on alone. */
const CLEANUP_PATIENCE_MS = 10_000;
/** How long the engine may go on creating after the launch was given up. */
const CREATE_GRACE_MS = 2_000;
const SAID_CHARS_MAX = 500;

/** What to launch. */
export interface LaunchRequest
  extends Omit<CheckedSpec, "imagePolicy" | "network" | "tier"> {
  /** The image, as the engine is to be told. */
  readonly imageName: string;
  readonly pull: PullPolicy;
  readonly hasNetwork: boolean;
  readonly expiresAt: number;
}

/** What a launch has to do with beside its request. */
export interface LaunchContext extends LaunchOptions {
  readonly engine: Engine;
  readonly startupTimeoutMs: number;
  /** Takes a cleanup that goes on after the launch has failed. */
  readonly onCleanup: (cleanup: Promise<void>) => void;
}

/** A sandbox that was launched. */
export interface Launched {
  readonly box: Box;
  readonly leash: Leash;
  readonly plan: ContainerPlan;
  readonly posture: Posture;
}

/**
 * Launches a container that is guarded as asked; or leaves nothing, and throws.
 */
export async function launch(
  request: LaunchRequest,
  context: LaunchContext,
): Promise<Launched> {
  const { engine, signal } = context;
  signal?.throwIfAborted();
  const image = await ensureImage(
    engine,
    request.imageName,
    request.pull,
    { ...context, timeoutMs: context.startupTimeoutMs },
  );
  signal?.throwIfAborted();
  const user = chooseUser(request.user, image, request.capAdd);
  try {
    return await launchWith(request, context, image, user, true);
  } catch (error) {
    if (!(error instanceof NoShell) || request.command === undefined) {
      throw error instanceof NoShell ? error.toBackendError() : error;
    }
    signal?.throwIfAborted();
    // The command brings what it needs; the guards beside it take a shell.
    return await launchWith(request, context, image, user, false);
  }
}

async function launchWith(
  request: LaunchRequest,
  context: LaunchContext,
  image: Image,
  user: SandboxUser,
  hasShell: boolean,
): Promise<Launched> {
  const { engine, signal, startupTimeoutMs } = context;
  const plan = planContainer(request, image, user, hasShell, {
    // Podman 4.3 takes no owner.
    setsOwner: !await engine.isPodman(),
  });
  const name = `zu-${crypto.randomUUID()}`;
  const over = new AbortController();
  const stop = stopper(signal, startupTimeoutMs, over.signal);
  // Ending this one is of no use: the engine would go on, and leave a container.
  const creating = createContainer(engine, name, plan, startupTimeoutMs);
  let attaching: Promise<Leash> | undefined;
  try {
    const id = await Promise.race([creating, stop]);
    attaching = Leash.attach(engine, id, over.signal);
    const leash = await Promise.race([attaching, stop]);
    const reading = hasShell
      ? leash.readUntilReady()
      : Promise.resolve({ isReady: true, text: "" });
    reading.catch(() => {});
    await Promise.race([start(engine, id, request, over.signal), stop]);
    // It runs beside the reading, and says nothing of one that has ended.
    const inspecting = inspect(engine, id, over.signal);
    inspecting.catch(() => {});
    const { isReady, text } = await Promise.race([reading, stop]);
    if (!isReady) throw notReady(request, text);
    const state = await Promise.race([inspecting, stop]);
    if (!state.State.Running) throw notReady(request, text);
    const inside = hasShell ? readInside(text) : undefined;
    const sandboxUser = user.resolve(
      inside,
      request.command !== undefined,
    );
    const posture = readPosture({ plan, state, inside });
    if (posture.problems.length > 0) throw unguarded(posture);
    const box = new Box(engine, {
      id,
      name,
      image: request.image,
      user: sandboxUser,
      holder: user.apart,
      env: homeOf(sandboxUser, image, request),
      hasShell,
      shell: taggingShell(inside),
      expiresAt: request.expiresAt,
    });
    leash.unref();
    return { box, leash, plan, posture };
  } catch (error) {
    // One that comes late would be held for ever.
    attaching?.then((leash) => leash.release(), () => {});
    const cleanup = creating.then(() => {}, () => {})
      .then(() => removeContainer(engine, name));
    cleanup.catch(() => {});
    context.onCleanup(cleanup);
    await Promise.race([
      cleanup.catch(() => {}),
      delay(CLEANUP_PATIENCE_MS, over.signal),
    ]);
    throw error;
  } finally {
    over.abort();
  }
}

function taggingShell(inside: Inside | undefined): TaggingShell | undefined {
  const { shell: path, locksOption: option } = inside ?? {};
  return path === undefined || option === undefined
    ? undefined
    : { path, option };
}

function planContainer(
  request: LaunchRequest,
  image: Image,
  user: SandboxUser,
  hasShell: boolean,
  { setsOwner }: { readonly setsOwner: boolean },
): ContainerPlan {
  const { command, ttlMs } = request;
  const main = command === undefined
    ? holderCommand(ttlMs, user.asked)
    : hasShell
    ? guardedCommand(command, ttlMs, user.asked)
    : command;
  return {
    ...request,
    imageId: image.id,
    command: main,
    // The holder is apart from whatever runs later; a command is what runs.
    user: command === undefined ? user.holder : user.asked,
    isHolderApart: command === undefined && user.holder !== user.asked,
    env: { ...homeOf(user.asked, image, request), ...request.env },
    tmpfs: planTmpfs(request, image, setsOwner ? user.asked : undefined),
  };
}

/** A user whom the image does not know has no home folder but this one. */
function homeOf(
  user: string,
  image: Image,
  { env }: LaunchRequest,
): Readonly<Record<string, string>> {
  const isSet = "HOME" in env ||
    image.env.some((line) => line.startsWith("HOME="));
  return user !== UNPRIVILEGED || isSet ? {} : { HOME: "/tmp" };
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
  { command }: LaunchRequest,
  signal: AbortSignal,
): Promise<void> {
  try {
    await engine.json({
      signal,
      method: "POST",
      path: `/containers/${id}/start`,
      what: "start a container",
      codes: { 400: "start_failed", 404: "start_failed", 500: "start_failed" },
    });
  } catch (error) {
    if (error instanceof BackendError && lacksShell(error.message)) {
      throw new NoShell(command, error.message);
    }
    throw error;
  }
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
  }, { HostConfig: "object", Mounts: "object" });
}

/** The engine's words, or those of the init that it puts in front. */
function lacksShell(text: string): boolean {
  return /"sh": executable file not found|exec sh failed|failed to exec (?:.*sh|pid1: No such)/i
    .test(text);
}

function notReady({ command }: LaunchRequest, said: string): Error {
  if (lacksShell(said)) return new NoShell(command, said);
  return new BackendError(
    "start_failed",
    "Cannot launch: the sandbox ended before it was ready. It said: " +
      `${said.slice(-SAID_CHARS_MAX).trim() || "nothing"}`,
  );
}

function unguarded({ problems }: Posture): BackendError {
  return new BackendError(
    "start_failed",
    `Cannot launch: of what was asked for, this is not so: ${
      problems.join("; ")
    }. Use an engine that can do it`,
  );
}

/** The image has no shell to wait in. */
class NoShell extends Error {
  constructor(command: readonly string[] | undefined, found: string) {
    super(
      command === undefined
        ? "Cannot launch: the image has no sh, in which a sandbox waits. Give a " +
          `command that keeps running, or use another image (${found.trim()})`
        : found,
    );
  }

  toBackendError(): BackendError {
    return new BackendError("start_failed", this.message, { cause: this });
  }
}
