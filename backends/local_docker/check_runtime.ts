import { refusal } from "../spec/refusal.ts";
import type { Engine } from "./engine.ts";

/** The runtimes that are known to be tighter than those that share a kernel. */
const TIGHTER = /^(?:runsc|gvisor|kata|io\.containerd\.(?:runsc|kata))/;

/**
 * Checks that the engine has a runtime, and that it is no looser than the one
 * that the operator made the default.
 *
 * @throws {BackendError} `spec_refused`
 */
export async function checkRuntime(
  engine: Engine,
  runtime: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { DefaultRuntime, Runtimes } = await engine.json<
    { DefaultRuntime?: string; Runtimes?: Record<string, unknown> | null }
  >({
    method: "GET",
    path: "/info",
    what: "list the engine's runtimes",
    signal,
  }, { "": "object", "Runtimes": "object?" });
  if (runtime === DefaultRuntime) return;
  const names = Object.keys(Runtimes ?? {});
  if (!names.includes(runtime)) {
    throw refusal(
      `the engine has no runtime "${runtime}"; it has ${names.join(", ")}`,
    );
  }
  if (!TIGHTER.test(runtime)) {
    throw refusal(
      `the runtime "${runtime}" is not known to be tighter than the engine's own, ` +
        `"${DefaultRuntime}", and a spec can only tighten`,
    );
  }
}
