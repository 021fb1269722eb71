import { BackendError } from "../backend_error.ts";
import type { Engine } from "./engine.ts";

/** What an engine says of itself; those that are not Docker say less. */
interface EngineInfo {
  readonly MemoryLimit?: boolean;
  readonly SwapLimit?: boolean;
  readonly CpuCfsQuota?: boolean;
  readonly PidsLimit?: boolean;
  readonly SecurityOptions?: readonly string[] | null;
}

/**
 * Refuses an engine that cannot apply what every sandbox is guarded with.
 *
 * A container's state does not tell: a rootless Docker without control groups
 * takes each limit, repeats it when it is asked, warns of nothing, and applies
 * none.
 *
 * @throws {BackendError} `start_failed`
 */
export async function checkEngine(engine: Engine): Promise<void> {
  const info = await engine.json<EngineInfo>({
    method: "GET",
    path: "/info",
    what: "see what the engine can do",
  }, {
    "": "object",
    "SecurityOptions": "list?",
    "SecurityOptions.*": "string",
  });
  const guards: readonly (readonly [string, boolean | undefined])[] = [
    ["limit memory", info.MemoryLimit],
    ["limit swap", info.SwapLimit],
    ["limit processors", info.CpuCfsQuota],
    ["limit processes", info.PidsLimit],
    ["filter system calls", hasSeccomp(info.SecurityOptions ?? [])],
  ];
  const lacking = guards.filter(([, can]) => can !== true);
  if (lacking.length === 0) return;
  throw new BackendError(
    "start_failed",
    `Cannot launch: by its own account, the engine cannot ${
      lacking.map(([what]) => what).join(", nor ")
    }. Use one that can; without root, that takes cgroup v2`,
  );
}

function hasSeccomp(options: readonly string[]): boolean {
  const own = options.map((option) => option.split(","))
    .find(([name]) => name === "name=seccomp");
  return own !== undefined && !own.includes("profile=unconfined");
}
