// The sink's side of a thread.
import { SinkError } from "../sink_error.ts";
import { fromFailure } from "./failure.ts";
import type { Reply, ThreadCalls } from "./messages.ts";
import { THREAD_MODULE, THREAD_NAME } from "./worker.ts";

/** A thread's calls as promises. */
export type CallResult<Call extends keyof ThreadCalls> = ReturnType<
  ThreadCalls[Call]
>;

interface Pending {
  readonly what: string;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** A thread that holds one connection and answers one call after the other. */
export class Thread {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #nextId = 0;
  #death: SinkError | undefined;
  #closing: Promise<void> | undefined;

  constructor() {
    this.#worker = new Worker(THREAD_MODULE, {
      type: "module",
      name: THREAD_NAME,
    });
    this.#worker.onmessage = ({ data }: MessageEvent<Reply>) =>
      this.#settle(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#die(event.message);
    };
    this.#worker.onmessageerror = () => this.#die("a message was unreadable");
  }

  /** Whether the thread can still answer. */
  get alive(): boolean {
    return this.#death === undefined;
  }

  /** Asks for something; `what` completes "Cannot …" in an error. */
  async call<Call extends keyof ThreadCalls>(
    call: Call,
    what: string,
    ...[argument]: Parameters<ThreadCalls[Call]>
  ): Promise<CallResult<Call>> {
    const end = this.#death ?? (this.#closing && ended());
    if (end !== undefined) throw end;
    return await this.#post(call, what, argument);
  }

  async #post<Call extends keyof ThreadCalls>(
    call: Call,
    what: string,
    argument: Parameters<ThreadCalls[Call]>[0],
  ): Promise<CallResult<Call>> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const id = this.#nextId++;
    this.#pending.set(id, { what, resolve, reject });
    const blobs = (argument as { blobs?: { bytes: Uint8Array } } | undefined)
      ?.blobs;
    const transfer = blobs === undefined
      ? []
      : [blobs.bytes.buffer as ArrayBuffer];
    this.#worker.postMessage({ id, call, argument }, transfer);
    return await promise as CallResult<Call>;
  }

  #settle(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (pending === undefined) return;
    if ("result" in reply) {
      pending.resolve(reply.result);
      return;
    }
    const error = fromFailure(pending.what, reply.failure);
    pending.reject(error);
    if (reply.failure.ends) this.#end(error);
  }

  #die(reason: string): void {
    this.#end(
      new SinkError(
        "io",
        `The sink's thread has died (${reason}); the next call starts another`,
      ),
    );
  }

  #end(death: SinkError): void {
    this.#death = death;
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(death);
    this.#pending.clear();
  }

  /** Answers what was asked so far, closes the connection, ends the thread. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    if (this.#death !== undefined) return;
    try {
      await this.#post("close", "close the database", undefined as never);
    } finally {
      this.#death ??= ended();
      this.#worker.terminate();
    }
  }
}

function ended(): SinkError {
  return new SinkError("closed", "The sink is closed. Open it again");
}
