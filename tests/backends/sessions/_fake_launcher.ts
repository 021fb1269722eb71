import type { SharableSession } from "../../../backends/sessions/shared_session.ts";
import { BackendError } from "../../../backends/backend_error.ts";
import type {
  SessionCommand,
  SessionReply,
} from "../../../backends/session_backend.ts";

/** Lets what does not wait for the test go on, by so many steps. */
export async function turns(count: number = 50): Promise<void> {
  for (let i = 0; i < count; i++) await Promise.resolve();
}

/** A session that ends when its test lets it. */
export class FakeSession implements SharableSession {
  readonly id: string;
  /** How often it was closed. */
  closes = 0;
  /** Whether it died by itself. */
  isDead = false;
  /** Whether nothing of it is left. */
  isOver = false;
  /** What was sent to it. */
  readonly commands: SessionCommand[] = [];
  /** Is told of each close. */
  onClose: () => void = () => {};
  readonly #end = Promise.withResolvers<void>();

  constructor(id: string) {
    this.id = id;
  }

  get isOpen(): boolean {
    return this.closes === 0 && !this.isDead;
  }

  // deno-lint-ignore require-await -- a throw must reject, as in every session
  async send(command: SessionCommand): Promise<SessionReply> {
    if (!this.isOpen) throw new BackendError("closed", "it is closed");
    this.commands.push(command);
    return { of: this.id };
  }

  close(): Promise<void> {
    this.closes++;
    this.onClose();
    return this.#end.promise;
  }

  /** Lets a close come to its end. */
  finish(error?: Error): void {
    this.isOver = true;
    if (error === undefined) this.#end.resolve();
    else this.#end.reject(error);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A launch that its test brings to its end. */
export class FakeLaunch {
  /** What comes of it, if it succeeds. */
  readonly session: FakeSession;
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal;
  /** How it ended, if it did. */
  end: "launched" | "failed" | undefined;
  readonly #done = Promise.withResolvers<FakeSession>();

  constructor(id: string, signal: AbortSignal) {
    this.session = new FakeSession(id);
    this.signal = signal;
  }

  get done(): Promise<FakeSession> {
    return this.#done.promise;
  }

  succeed(): FakeSession {
    this.end = "launched";
    this.#done.resolve(this.session);
    return this.session;
  }

  fail(error: unknown): void {
    this.end = "failed";
    this.#done.reject(error);
  }
}

/** Launches sessions, as far as their test lets it. */
export class FakeLauncher {
  readonly launches: FakeLaunch[] = [];
  readonly #name: string;
  /** Is told of each launch. */
  onLaunch: (launch: FakeLaunch) => void = () => {};

  /** @param name What the ids of its sessions begin with. */
  constructor(name: string = "box") {
    this.#name = name;
  }

  /** An opener. */
  readonly open = (signal: AbortSignal): Promise<FakeSession> => {
    const launch = new FakeLaunch(
      `${this.#name}-${this.launches.length + 1}`,
      signal,
    );
    this.launches.push(launch);
    this.onLaunch(launch);
    return launch.done;
  };

  /** The launch that was begun last. */
  get last(): FakeLaunch {
    return this.launches.at(-1)!;
  }
}
