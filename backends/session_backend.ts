import type { LaunchSpec } from "./launch_spec.ts";
import type { SandboxEgress } from "./sandbox_egress.ts";
import type { LaunchOptions } from "./sandbox_backend.ts";

/** A command to a session's server: JSON. */
export type SessionCommand = Readonly<Record<string, unknown>>;

/** What a session's server answers: JSON. A failure is an `error` in it. */
export type SessionReply = Record<string, unknown>;

/** Options of {@linkcode SandboxSession.send}. */
export interface SendOptions {
  /**
   * How long the reply may take, in milliseconds, from when the command's turn
   * has come.
   * @default {120_000}
   */
  readonly timeoutMs?: number;
  /** Gives up waiting; the call then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * A program in a sandbox that keeps its state between commands, such as a browser.
 *
 * Commands are sent one at a time, in the order of the calls, each as a line of
 * JSON with an `id`. A reply that carries that `id` belongs to its command, and a
 * late one is dropped. A server that does not send ids back answers in order, so
 * that a reply which did not come in time leaves no way to tell the next ones
 * apart: the session is then closed.
 */
export interface SandboxSession extends AsyncDisposable {
  /** The sandbox's id. */
  readonly id: string;
  /** What it may reach, if it was launched with scoped egress. */
  readonly egress?: SandboxEgress;
  /**
   * Sends a command.
   *
   * @param command The command. Its own `id`, if it has one, is kept out.
   * @param options Time limit and cancellation.
   * @returns The reply, without the `id`.
   * @throws {BackendError} `timeout`, `closed`, `protocol_error` for a reply that
   * is no JSON object, or `sandbox_gone`.
   */
  send(command: SessionCommand, options?: SendOptions): Promise<SessionReply>;
  /**
   * Lets go of the session. The last one who does ends the server and its
   * sandbox. Harmless if done before.
   */
  close(): Promise<void>;
}

/** Options of {@linkcode SessionBackend.openSession}. */
export interface OpenSessionOptions extends LaunchOptions {
  /**
   * The server's program and arguments.
   * @default {["zu-browser"]}
   */
  readonly command?: readonly string[];
  /**
   * Shares one session among all who give the same key, for as long as any of
   * them holds it. The specs have to be equal.
   * @default {a session of one's own}
   */
  readonly runKey?: string;
}

/** The port of sessions, which a sandbox backend may offer. */
export interface SessionBackend {
  /**
   * Launches a sandbox and starts a server in it.
   *
   * @param spec What the sandbox is to be.
   * @param options The server, sharing and cancellation.
   * @returns The session.
   * @throws {BackendError} What `launch` throws, or `spec_refused` if the session
   * of the run key was opened with another spec.
   */
  openSession(
    spec: LaunchSpec,
    options?: OpenSessionOptions,
  ): Promise<SandboxSession>;
}
