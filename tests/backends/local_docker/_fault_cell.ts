// One method under one fault, at each request that it makes.
import { BackendError } from "../../../backends/mod.ts";
import type { FaultKind } from "../../fakes/fake_engine/faults.ts";
import type { Method } from "./_backend_methods.ts";
import { FastClock } from "./_fast_clock.ts";
import { FaultWorld } from "./_fault_world.ts";

/** More requests than any method makes. */
const REQUESTS_MAX = 30;
/** What takes longer hangs, however slow the machine. */
const HANG_MS = 60_000;

/** A fault, once or from a request on. */
export interface Trouble {
  /** What goes wrong. */
  readonly fault: FaultKind;
  /** Whether it goes on until it is taken away. */
  readonly isLasting?: boolean;
  /**
   * How many times as fast time goes for the call, where it waits for its limits.
   * @default {1}
   */
  readonly speed?: number;
  /** The requests that it does nothing to, or nothing that anybody could see. */
  readonly butFor?: RegExp;
}

/**
 * Tries a method with a fault at its first request, then at its second, and so on,
 * and sees each time that it ends, how, and that all is well without the fault.
 */
export async function tryAtEachRequest(
  name: string,
  method: Method,
  trouble: Trouble,
): Promise<void> {
  const hasSilence = trouble.fault.kind === "silence";
  const world = await FaultWorld.open({ hasSilence });
  try {
    await tryAll(name, method, trouble, world);
  } catch (error) {
    // What it stumbles over here is not what is to be told.
    await world.close().catch(() => {});
    throw error;
  }
  await world.close();
}

async function tryAll(
  name: string,
  method: Method,
  { fault, isLasting = false, speed = 1, butFor }: Trouble,
  world: FaultWorld,
): Promise<void> {
  const { engine } = world;
  for (let nth = 1; nth <= REQUESTS_MAX; nth++) {
    await world.ready();
    await method.before?.(world);
    const before = engine.requests.length;
    const times = isLasting ? Infinity : 1;
    engine.fault({ ...fault, path: /./, nth, times });
    const end = await ended(method, world, speed);
    const asked = engine.requests.slice(before);
    engine.clearFaults();
    const hit = asked[nth - 1];
    const what = hit === undefined
      ? `${name}, unharmed`
      : `${name}, at ${hit.method} ${hit.path.replace(/[0-9a-f]{64}/, "ID")}`;
    // Where time goes faster, a call may be too late that nothing has happened to.
    const isJudged = hit === undefined ? speed === 1 : !butFor?.test(hit.path);
    if (isJudged) judge(what, end, method);
    if (world.backend.running === 0 || name === "close") await world.renew();
    await world.backend.sweep();
    await world.assertWell(what);
    if (hit === undefined) return;
  }
  throw new Error(`${name} makes more than ${REQUESTS_MAX} requests`);
}

/** What a call ended with; undefined if with what is right. */
async function ended(
  method: Method,
  world: FaultWorld,
  speed: number,
): Promise<unknown> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hang = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`It has no end within ${HANG_MS} ms`)),
      HANG_MS,
    );
  });
  using _clock = new FastClock(speed);
  try {
    await Promise.race([method.use(world), hang]);
    return undefined;
  } catch (error) {
    return error;
  } finally {
    clearTimeout(timer);
  }
}

function judge(what: string, end: unknown, { codes }: Method): void {
  if (end === undefined) return;
  if (!(end instanceof BackendError)) {
    throw new Error(`${what}: it is no BackendError`, { cause: end });
  }
  if (what.endsWith("unharmed") || !codes.includes(end.code)) {
    throw new Error(`${what}: ${end.code} was not expected`, { cause: end });
  }
}
