import { BackendError } from "../backend_error.ts";
import type { PullPolicy } from "../launch_spec.ts";
import type { CheckedSpec } from "../spec/complete_spec.ts";
import type { Posture } from "../posture.ts";
import type { LaunchOptions } from "../sandbox_backend.ts";
import { Box } from "./box.ts";
import { readPosture } from "./check_posture.ts";
import type { ContainerPlan } from "./container_config.ts";
import { defaultSeccomp } from "./default_seccomp.ts";
import { guardedCommand, holderCommand } from "./holder.ts";
import { ensureImage, type Image } from "./image.ts";
import { type Inside, readInside } from "./inside.ts";
import type { Leash } from "./leash.ts";
import { planTmpfs } from "./plan_tmpfs.ts";
import type { TaggingShell } from "./process_tag.ts";
import { chooseUser, type SandboxUser, UNPRIVILEGED } from "./sandbox_user.ts";
import {
  startContainer,
  type StartContext,
  unguarded,
} from "./start_container.ts";

/** What to launch. */
export interface LaunchRequest
  extends
    Omit<CheckedSpec, "imagePolicy" | "network" | "egressCeiling" | "tier"> {
  /** The image, as the engine is to be told. */
  readonly imageName: string;
  readonly pull: PullPolicy;
  /** What its network is; see container_config.ts. */
  readonly networkMode: string;
  readonly expiresAt: number;
  /** Is told the container's id before anything runs in it. */
  readonly onCreated?: ((id: string) => void) | undefined;
}

/** What a launch has to do with beside its request. */
export interface LaunchContext extends LaunchOptions, StartContext {}

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
  const { engine } = context;
  const plan = planContainer(request, image, user, hasShell, {
    // Podman 4.3 takes no owner.
    setsOwner: !await engine.isPodman(),
    seccomp: request.seccomp ?? await defaultSeccomp(engine),
  });
  const how = { saysReady: hasShell, onCreated: request.onCreated };
  try {
    return await startContainer(plan, context, how, (started) => {
      const inside = hasShell ? readInside(started.said) : undefined;
      const sandboxUser = user.resolve(inside, request.command !== undefined);
      const { id, name, leash, state } = started;
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
      return { box, leash, plan, posture };
    });
  } catch (error) {
    if (error instanceof BackendError && lacksShell(error.message)) {
      throw new NoShell(request.command, error.message);
    }
    throw error;
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
  { setsOwner, seccomp }: {
    readonly setsOwner: boolean;
    readonly seccomp: string | undefined;
  },
): ContainerPlan {
  const { command, ttlMs } = request;
  const main = command === undefined
    ? holderCommand(ttlMs, user.asked)
    : hasShell
    ? guardedCommand(command, ttlMs, user.asked)
    : command;
  return {
    ...request,
    seccomp,
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

/** The engine's words, or those of the init that it puts in front. */
function lacksShell(text: string): boolean {
  return /"sh": executable file not found|exec sh failed|failed to exec (?:.*sh|pid1: No such)/i
    .test(text);
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
