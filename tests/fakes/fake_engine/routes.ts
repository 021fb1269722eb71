import type { Daemon } from "./daemon.ts";
import { EngineError } from "./engine_error.ts";
import type { EngineRequest } from "./http_request.ts";
import type { Reply } from "./reply.ts";

/** What an answer is made from. */
export interface Call {
  /** The engine. */
  readonly daemon: Daemon;
  /** What was asked. */
  readonly request: EngineRequest;
  /** Where to answer. */
  readonly reply: Reply;
  /** What stands in the path's gap: a name or an id; empty without one. */
  readonly name: string;
}

/** One thing that the engine can be asked for. */
export interface Route {
  /** The method. */
  readonly method: string;
  /** The path, with at most one gap: `{name}`, which may hold slashes. */
  readonly path: string;
  /** Answers. */
  readonly answer: (call: Call) => Promise<void>;
}

/**
 * Answers a request.
 *
 * @param routes What there is to ask for.
 * @param daemon The engine.
 * @param request The request.
 * @param reply Where to answer.
 * @throws {EngineError} What the engine answers instead.
 */
export async function dispatch(
  routes: readonly Route[],
  daemon: Daemon,
  request: EngineRequest,
  reply: Reply,
): Promise<void> {
  for (const { method, path, answer } of routes) {
    if (method !== request.method) continue;
    const name = gapOf(path, request.path);
    if (name === undefined) continue;
    return await answer({ daemon, request, reply, name });
  }
  throw new EngineError(404, "page not found");
}

/**
 * Refuses what the fake has not, so that no test takes a gap for the engine's own
 * behaviour.
 *
 * @throws {EngineError} Always.
 */
export function notInTheFake(what: string): never {
  throw new EngineError(501, `The fake engine has no ${what}`);
}

/** What stands in a path's gap; undefined if the path is another. */
function gapOf(pattern: string, path: string): string | undefined {
  const [before = "", after] = pattern.split("{name}");
  if (after === undefined) return path === pattern ? "" : undefined;
  const name = path.slice(before.length, path.length - after.length);
  const fits = path.length > before.length + after.length &&
    path.startsWith(before) && path.endsWith(after);
  return fits ? name : undefined;
}
