import type { Posture } from "../posture.ts";
import type { Box } from "./box.ts";
import { type ContainerState, readPosture } from "./check_posture.ts";
import type { ContainerPlan } from "./container_config.ts";
import { runScript } from "./end_processes.ts";
import { insideScript, readInside } from "./inside.ts";

/**
 * Looks at a sandbox's guards anew: at what the engine says, and from within, in
 * the place of its programs.
 */
export async function lookAtPosture(
  box: Box,
  plan: ContainerPlan,
): Promise<Posture> {
  const { id, user, shell } = box.facts;
  const [state, text] = await Promise.all([
    box.engine.json<ContainerState>({
      method: "GET",
      path: `/containers/${id}/json`,
      what: "look at the sandbox's guards",
      codes: { 404: "sandbox_gone" },
    }, { HostConfig: "object", Mounts: "object" }),
    shell === undefined ? undefined : runScript(box, user, insideScript()),
  ]);
  const inside = text === undefined ? undefined : readInside(text);
  return readPosture({ plan, state, inside });
}
