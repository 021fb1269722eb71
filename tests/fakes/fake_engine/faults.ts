import type { EngineRequest } from "./http_request.ts";
import type { Alter } from "./reply.ts";

/** What goes wrong with an answer. */
export type FaultKind =
  /**
   * An error in the engine, with a JSON message. Of what was asked, nothing is
   * done, unless `isDone`.
   */
  | { readonly kind: "500"; readonly message?: string; readonly isDone?: true }
  /** The connection is closed in place of an answer. */
  | { readonly kind: "reset"; readonly isDone?: true }
  /** What comes is no HTTP, and then the connection is closed. */
  | { readonly kind: "garbage"; readonly isDone?: true }
  /**
   * Nothing comes, and the connection stays open; with `after`, once so many
   * bytes of the body have come.
   */
  | {
    readonly kind: "silence";
    readonly after?: number;
    readonly isDone?: true;
  }
  /** The second half of each piece of JSON is noise. */
  | { readonly kind: "bad json" }
  /** The connection is closed after so many bytes of the body. */
  | { readonly kind: "reset mid-stream"; readonly after: number }
  /**
   * The connection is closed in the middle of a frame's header or body, after so
   * many whole frames; none and "body" when left out.
   */
  | {
    readonly kind: "half a frame";
    readonly frames?: number;
    readonly cut?: "header" | "body";
  }
  /**
   * With `until`, nothing is sent before that promise settles; with `after`, so
   * many bytes of the body are. Without, it is sent byte by byte.
   */
  | {
    readonly kind: "slow";
    readonly until?: Promise<unknown>;
    readonly after?: number;
  }
  /** The engine says something else in its JSON than it would. */
  | { readonly kind: "altered"; readonly alter: Alter };

/** A fault, and the requests that it hits. */
export type Fault = FaultKind & {
  /** The method; any when left out. */
  readonly method?: string;
  /** What the path, without a version, has to match. */
  readonly path: RegExp;
  /**
   * The first request that is hit, counted from here among those that match.
   * @default {1}
   */
  readonly nth?: number;
  /**
   * How many in a row are hit. Infinity is a number here.
   * @default {1}
   */
  readonly times?: number;
};

/** The faults that a test has set. */
export class FaultList {
  readonly #faults: { readonly fault: Fault; seen: number }[] = [];

  /**
   * Sets a fault.
   *
   * @throws {RangeError} If a number of it makes no sense.
   */
  add(fault: Fault): void {
    const { nth = 1, times = 1 } = fault;
    const after = "after" in fault ? fault.after ?? 0 : 0;
    const frames = "frames" in fault ? fault.frames ?? 0 : 0;
    for (const [name, value] of Object.entries({ nth, times, after, frames })) {
      const least = name === "nth" || name === "times" ? 1 : 0;
      if (!(value >= least)) {
        throw new RangeError(`A fault's ${name} is ${value}, not ${least} up`);
      }
    }
    this.#faults.push({ fault, seen: 0 });
  }

  /** Takes all faults away. */
  clear(): void {
    this.#faults.length = 0;
  }

  /**
   * Counts a request.
   *
   * @returns The fault that hits it: of several, the one that was set last.
   */
  match({ method, path }: EngineRequest): Fault | undefined {
    let hit: Fault | undefined;
    for (const entry of this.#faults) {
      const { fault } = entry;
      if ((fault.method ?? method) !== method) continue;
      if (path.search(fault.path) < 0) continue;
      entry.seen++;
      const { nth = 1, times = 1 } = fault;
      if (entry.seen >= nth && entry.seen < nth + times) hit = fault;
    }
    return hit;
  }
}
