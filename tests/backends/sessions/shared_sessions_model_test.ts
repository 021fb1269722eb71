import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { SharedSessions } from "../../../backends/sessions/shared_sessions.ts";
import { BackendError, type SandboxSession } from "../../../backends/mod.ts";
import { FakeLauncher, type FakeSession, turns } from "./_fake_launcher.ts";

/** One thing to do; numbers choose among what there is. */
type Step =
  | { kind: "open"; run: number; spec: number }
  | { kind: "abort" | "release" | "die"; at: number }
  | { kind: "launch" | "finish"; at: number; succeeds: boolean }
  | { kind: "closeRun"; run: number }
  | { kind: "turns"; count: number };

const at = fc.nat({ max: 30 });
const run = fc.nat({ max: 1 });
const succeeds = fc.boolean();

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("open" as const),
      run,
      spec: fc.constantFrom(0, 0, 0, 1),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom("abort" as const, "release", "release", "die"),
      at,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom("launch" as const, "finish"),
      at,
      succeeds,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("turns" as const),
      count: fc.nat({ max: 12 }),
    }),
  },
  fc.record({ kind: fc.constant("closeRun" as const), run }),
);

/** Somebody who opened a session. */
interface Opening {
  readonly run: number;
  readonly reason: Error;
  readonly controller: AbortController;
  handle?: SandboxSession;
  isReleased: boolean;
  isTurnedAway: boolean;
  isSettled: boolean;
}

/** Does to the sessions what the steps say, and watches what they do. */
class Model {
  readonly #sessions = new SharedSessions();
  readonly #openings: Opening[] = [];
  readonly #launchers = [0, 1].map((run) => this.#launcher(run));
  /** Those that may be closed though somebody holds them. */
  readonly #forced = new Set<FakeSession>();
  /** What broke a rule, in whatever callback it was seen. */
  readonly #broken: string[] = [];
  readonly #failure = new Error("the launch failed");
  readonly #stuck = new Error("the close failed");

  #launcher(run: number): FakeLauncher {
    const launcher = new FakeLauncher(`run-${run}`);
    launcher.onLaunch = (launch) => {
      const live = launcher.launches.filter((other) =>
        other !== launch && other.end !== "failed" && !other.session.isOver
      );
      if (live.length > 0) this.#broken.push(`two sessions of run ${run}`);
      launch.session.onClose = () => this.#onClose(launch.session);
    };
    return launcher;
  }

  #onClose(session: FakeSession): void {
    if (session.closes > 1) this.#broken.push("a session was closed twice");
    if (session.isDead || this.#forced.has(session)) return;
    const isHeld = this.#openings.some((opening) =>
      opening.handle !== undefined && !opening.isReleased &&
      this.#sessionOf(opening.handle) === session
    );
    if (isHeld) this.#broken.push("a session was closed while it was held");
  }

  /** The session behind a handle. */
  #sessionOf({ id }: SandboxSession): FakeSession {
    return this.#all.find(({ session }) => session.id === id)!.session;
  }

  get #all() {
    return this.#launchers.flatMap(({ launches }) => launches);
  }

  get #launching() {
    return this.#all.filter(({ end }) => end === undefined);
  }

  get #launched() {
    return this.#all.filter(({ end }) => end === "launched")
      .map(({ session }) => session);
  }

  get #closing() {
    return this.#launched.filter(({ closes, isOver }) => closes > 0 && !isOver);
  }

  #open(run: number, spec: number): void {
    const opening: Opening = {
      run,
      reason: new Error(`enough of ${this.#openings.length}`),
      controller: new AbortController(),
      isReleased: false,
      isTurnedAway: false,
      isSettled: false,
    };
    this.#openings.push(opening);
    const { signal } = opening.controller;
    const { open } = this.#launchers[run]!;
    this.#sessions.open(`run ${run}`, { spec }, open, { signal }).then(
      (handle) => {
        opening.handle = handle;
        const session = this.#sessionOf(handle);
        const mayBeClosed = session.isDead || this.#forced.has(session);
        if (session.closes > 0 && !mayBeClosed) {
          this.#broken.push("a session that ends was handed out");
        }
      },
      (error) => {
        const { isTurnedAway, reason } = opening;
        const code = error instanceof BackendError ? error.code : undefined;
        const isTold = error === this.#failure || code === "spec_refused" ||
          (code === "closed" && isTurnedAway) ||
          (error === reason && signal.aborted) ||
          (error === this.#stuck && (signal.aborted || isTurnedAway));
        if (!isTold) this.#broken.push(`an open failed with ${error}`);
      },
    ).finally(() => opening.isSettled = true);
  }

  #release(opening: Opening): void {
    const { handle } = opening;
    if (handle === undefined) return;
    opening.isReleased = true;
    handle.close().catch((error) => {
      if (error !== this.#stuck) this.#broken.push(`a close: ${error}`);
    });
  }

  #closeRun(run: number): void {
    for (const { session } of this.#launchers[run]!.launches) {
      this.#forced.add(session);
    }
    for (const opening of this.#openings) {
      if (opening.run === run) opening.isTurnedAway = true;
    }
    this.#sessions.closeRun(`run ${run}`).catch((error) => {
      if (error !== this.#stuck) this.#broken.push(`a closeRun: ${error}`);
    });
  }

  async do(step: Step): Promise<void> {
    const pick = <T>(list: readonly T[], at: number) => list[at % list.length];
    switch (step.kind) {
      case "open":
        return this.#open(step.run, step.spec);
      case "abort": {
        const opening = pick(this.#openings, step.at);
        return opening?.controller.abort(opening.reason);
      }
      case "release": {
        const opening = pick(this.#openings, step.at);
        return opening && this.#release(opening);
      }
      case "die": {
        const session = pick(this.#launched, step.at);
        if (session !== undefined) session.isDead = true;
        return;
      }
      case "launch": {
        const launch = pick(this.#launching, step.at);
        if (step.succeeds) launch?.succeed();
        else launch?.fail(this.#failure);
        return;
      }
      case "finish":
        return pick(this.#closing, step.at)
          ?.finish(step.succeeds ? undefined : this.#stuck);
      case "closeRun":
        return this.#closeRun(step.run);
      case "turns":
        await turns(step.count);
    }
  }

  check(): void {
    assertEquals(this.#broken, []);
  }

  /** Lets everything end, and everyone let go. */
  async end(): Promise<void> {
    for (let round = 0; round < 100; round++) {
      await turns();
      this.#openings.forEach((opening) => this.#release(opening));
      this.#launching.forEach((launch) => launch.succeed());
      this.#closing.forEach((session) => session.finish());
    }
    this.check();
    assert(this.#openings.every(({ isSettled }) => isSettled));
    for (const { closes, isOver } of this.#launched) {
      assertEquals([closes, isOver], [1, true]);
    }
    for (const [run, launcher] of this.#launchers.entries()) {
      const before = launcher.launches.length;
      this.#open(run, 2);
      assertEquals(launcher.launches.length, before + 1, "the key is free");
      launcher.last.fail(this.#failure);
    }
    await turns();
    this.check();
  }
}

Deno.test("lesson 28: SharedSessions keeps its rules, whatever happens in whatever order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60, size: "max" }),
      async (steps) => {
        const model = new Model();
        for (const each of steps) {
          await model.do(each);
          model.check();
        }
        await model.end();
      },
    ),
    { numRuns: 300 },
  );
});
