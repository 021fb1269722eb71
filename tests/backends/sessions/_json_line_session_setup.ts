import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { JsonLineSession } from "../../../backends/sessions/json_line_session.ts";
import type { JsonLineSessionOptions } from "../../../backends/sessions/json_line_session_options.ts";
import { BackendError, type BackendErrorCode } from "../../../backends/mod.ts";
import { type Answer, FakeServer } from "./_fake_server.ts";

/** A session with a server in memory, and what is seen of its end. */
export interface OpenedSession {
  readonly server: FakeServer;
  readonly session: JsonLineSession;
  readonly seen: { readonly closes: number };
  /** Resolves when the session ends its sandbox. */
  readonly ended: Promise<void>;
}

/** Opens a session. */
export function open(
  answer?: Answer,
  options: Partial<JsonLineSessionOptions> = {},
): OpenedSession {
  const server = new FakeServer(answer);
  const ended = Promise.withResolvers<void>();
  const seen = {
    closes: 0,
    // deno-lint-ignore require-await -- it is called as one that awaits
    async onClose() {
      seen.closes++;
      ended.resolve();
    },
  };
  const session = new JsonLineSession(server, {
    id: "box",
    onClose: seen.onClose,
    // A wait that is not needed is to be seen: as a test that does not end.
    closeTimeoutMs: 2 ** 31 - 1,
    endTimeoutMs: 2 ** 31 - 1,
    ...options,
  });
  return { server, session, seen, ended: ended.promise };
}

/** Asserts how a promise rejects, and what the message says. */
export async function rejects(
  code: BackendErrorCode,
  promise: Promise<unknown>,
  ...parts: string[]
): Promise<BackendError> {
  const error = await assertRejects(() => promise, BackendError);
  assertEquals(error.code, code, error.message);
  for (const part of parts) assertStringIncludes(error.message, part);
  return error;
}
