import { removeContainer } from "./box.ts";
import type { Engine } from "./engine.ts";
import { BACKEND_LABEL, BACKEND_NAME, expiryOf } from "./labels.ts";
import { isDead, labelledOwner, type Owner } from "./owner.ts";

/** Why a container was removed. */
export type SweepReason = "owner_dead" | "expired";

/** A container that a sweep removed. */
export interface Swept {
  /** The engine's id of it. */
  readonly id: string;
  /** Why it was removed. */
  readonly reason: SweepReason;
}

/** Time for a container to end itself, before others do. */
const GRACE_MS = 10_000;

/**
 * Removes the containers of this backend whose owner is dead or whose time is
 * over. Those of an owner who lives, or of whom nothing can be told, stay.
 */
export async function sweep(engine: Engine, self: Owner): Promise<Swept[]> {
  const found = await engine.json<
    { Id: string; Labels: Record<string, string> | null }[]
  >({
    method: "GET",
    path: "/containers/json",
    query: {
      all: true,
      filters: { label: [`${BACKEND_LABEL}=${BACKEND_NAME}`] },
    },
    what: "list containers that others may have left",
  }, { "": "list", "*.Id": "string", "*.Labels": "object?" });
  const swept: Swept[] = [];
  const faults: unknown[] = [];
  for (const { Id, Labels } of found) {
    const reason = await whyRemove(Labels ?? {}, self);
    if (reason === undefined) continue;
    try {
      await removeContainer(engine, Id);
      swept.push({ id: Id, reason });
    } catch (error) {
      // One that cannot be removed must not keep the others.
      faults.push(error);
    }
  }
  if (faults.length > 0) throw faults[0];
  return swept;
}

async function whyRemove(
  labels: Readonly<Record<string, string>>,
  self: Owner,
): Promise<SweepReason | undefined> {
  if (await isDead(labelledOwner(labels), self)) return "owner_dead";
  return Date.now() > expiryOf(labels) + GRACE_MS ? "expired" : undefined;
}
