import type { SessionReply } from "../session_backend.ts";

/**
 * Tells which command a reply belongs to.
 *
 * The ids are such that no server makes one up: where one comes back, it was sent
 * back. A reply without one belongs to the only command that has no reply yet. If
 * there is not exactly one such command, nobody can tell.
 */
export class ReplyIds {
  readonly #prefix = `zu-${crypto.randomUUID()}-`;
  readonly #unanswered = new Set<string>();
  #made = 0;
  #areSentBack = false;

  /** Whether the server was seen to send an id back. */
  get areSentBack(): boolean {
    return this.#areSentBack;
  }

  /** How many commands that were sent have no reply. */
  get unanswered(): number {
    return this.#unanswered.size;
  }

  /** Makes the id of a command. */
  make(): string {
    return `${this.#prefix}${++this.#made}`;
  }

  /** Remembers that a command was sent. */
  add(id: string): void {
    this.#unanswered.add(id);
  }

  /** Whether a command was sent and has no reply. */
  isUnanswered(id: string): boolean {
    return this.#unanswered.has(id);
  }

  /**
   * Finds the command that a reply belongs to, and takes the id that was sent back
   * out of the reply.
   *
   * @param reply The reply; an `id` that the server has of its own stays in.
   * @returns The command's id, `stray` for a reply that has come before or belongs
   * to another's command, or `unknown` if nobody can tell.
   */
  take(reply: SessionReply): { readonly id: string } | "stray" | "unknown" {
    const { id } = reply;
    if (typeof id === "string" && id.startsWith(this.#prefix)) {
      this.#areSentBack = true;
      if (!this.#unanswered.delete(id)) return "stray";
      delete reply.id;
      return { id };
    }
    // With null, a server says that it could not make out the command's id.
    const isForeign = id !== undefined && id !== null;
    if (isForeign && this.#areSentBack) return "stray";
    const [only] = this.#unanswered;
    if (only === undefined || this.#unanswered.size > 1) return "unknown";
    this.#unanswered.delete(only);
    return { id: only };
  }
}
