import type { Posture } from "../posture.ts";
import type { Box } from "./box.ts";
import {
  type ContainerState,
  readPosture,
  STATE_SHAPE,
} from "./check_posture.ts";
import type { ContainerPlan } from "./container_config.ts";
import { runScript } from "./end_processes.ts";
import { insideScript, readInside, READY } from "./inside.ts";

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
    }, STATE_SHAPE),
    shell === undefined ? undefined : runScript(box, user, insideScript()),
  ]);
  // What broke off on its way would be taken for what is not there.
  const isWhole = text !== undefined && text.endsWith(`${READY}\n`);
  const inside = isWhole ? readInside(text) : undefined;
  return readPosture({ plan, state, inside });
}
