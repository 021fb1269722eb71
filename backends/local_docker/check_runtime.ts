import { refusal } from "../spec/refusal.ts";
import type { Engine } from "./engine.ts";

/** The runtimes that share the host's kernel, which any other one is tighter than. */
const PLAIN = /^(?:runc|crun|youki|io\.containerd\.runc\..*)$/;

/**
 * Checks that the engine has a runtime, and that it is not looser than the one
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
  });
  if (runtime === DefaultRuntime) return;
  const names = Object.keys(Runtimes ?? {});
  if (!names.includes(runtime)) {
    throw refusal(
      `the engine has no runtime "${runtime}"; it has ${names.join(", ")}`,
    );
  }
  if (PLAIN.test(runtime) && !PLAIN.test(DefaultRuntime ?? "runc")) {
    throw refusal(
      `the runtime "${runtime}" is looser than the engine's own, ` +
        `"${DefaultRuntime}", and a spec can only tighten`,
    );
  }
}
