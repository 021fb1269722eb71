import { assertEquals } from "@std/assert";

/** A signal that knows who listens to it. */
export class CountedSignal {
  readonly #controller = new AbortController();
  readonly #listening = new Set<unknown>();

  constructor() {
    const { signal } = this;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (
      type: string,
      listener: EventListenerOrEventListenerObject,
      options?: boolean | AddEventListenerOptions,
    ) => {
      this.#listening.add(listener);
      if (typeof options === "object") {
        if (options.once) add(type, () => this.#listening.delete(listener));
        options.signal?.addEventListener(
          "abort",
          () => this.#listening.delete(listener),
        );
      }
      add(type, listener, options);
    };
    signal.removeEventListener = (
      type: string,
      listener: EventListenerOrEventListenerObject,
      options?: boolean | EventListenerOptions,
    ) => {
      this.#listening.delete(listener);
      remove(type, listener, options);
    };
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** How many listen to it. */
  get listeners(): number {
    return this.#listening.size;
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Checks that nobody listens any more. */
  assertLeft(what: string): void {
    assertEquals(this.#listening.size, 0, `listeners after ${what}`);
  }
}
