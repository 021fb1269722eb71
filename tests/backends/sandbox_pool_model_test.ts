// Random runs of a pool, checked against what must hold whenever it rests.
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { BackendError, type Sandbox, SandboxPool } from "../../backends/mod.ts";
import { HeldBackend, HeldClock, settled } from "./_pool_fakes.ts";

const SIZE = 2;
const LAUNCHES_MAX = 3;
const WARM_MS = 1000;

/** A taker, and what came of it. */
interface Taker {
  readonly controller: AbortController;
  sandbox?: Sandbox;
  error?: unknown;
}

/** A pool, and all that a test knows of it. */
class World {
  readonly backend = new HeldBackend();
  readonly clock = new HeldClock();
  readonly takers: Taker[] = [];
  readonly launchedAt = new Map<Sandbox, number>();
  /** When each launch under way was seen first. */
  readonly #began = new Map<object, number>();
  readonly pool: SandboxPool;

  constructor(canTell: boolean) {
    const isAlive = async (sandbox: Sandbox) => {
      await settled();
      return this.backend.sandboxes.get(sandbox) === "there";
    };
    this.pool = new SandboxPool(this.backend, { image: "alpine" }, {
      size: SIZE,
      launchesMax: LAUNCHES_MAX,
      warmMsMax: WARM_MS,
      takeTimeoutMs: 5000,
      clock: this.clock,
      ...(canTell ? { isAlive } : {}),
    });
  }

  take(): void {
    const taker: Taker = { controller: new AbortController() };
    this.takers.push(taker);
    const { signal } = taker.controller;
    this.pool.take({ signal }).then((sandbox) => {
      taker.sandbox = sandbox;
      const age = this.clock.now() - this.launchedAt.get(sandbox)!;
      assert(age < WARM_MS, `it is ${age} ms old`);
    }).catch((error) => {
      taker.error = error;
    });
  }

  succeed(n: number): void {
    const launch = [...this.backend.held][n % this.backend.held.size];
    if (launch === undefined) return;
    this.launchedAt.set(launch.succeed(), this.#began.get(launch)!);
  }

  fail(n: number): void {
    const launch = [...this.backend.held][n % this.backend.held.size];
    launch?.fail(new BackendError("engine_failed", "It fell over"));
  }

  giveUp(n: number): void {
    this.takers[n % this.takers.length]?.controller.abort("enough");
  }

  kill(n: number): void {
    const warm = this.warm;
    const one = warm[n % warm.length];
    if (one !== undefined) this.backend.sandboxes.set(one, "dead");
  }

  /** Sandboxes that are neither handed out nor destroyed. */
  get warm(): Sandbox[] {
    const given = new Set(this.takers.map(({ sandbox }) => sandbox));
    return this.backend.sandboxes.entries().flatMap(([sandbox, state]) =>
      given.has(sandbox) || state === "destroyed" ? [] : [sandbox]
    ).toArray();
  }

  /** Lets everything come to rest, and checks what must hold then. */
  async rest(): Promise<void> {
    for (let turn = 0; turn < 6; turn++) {
      await settled();
      for (const launch of this.backend.held) {
        if (!this.#began.has(launch)) {
          this.#began.set(launch, this.clock.now());
        }
      }
    }
    const { pool, backend, takers } = this;
    const given = takers.flatMap(({ sandbox }) => sandbox ?? []);
    assertEquals(new Set(given).size, given.length, "one was given twice");
    for (const sandbox of given) {
      assert(backend.sandboxes.get(sandbox) !== "destroyed", "it was given");
    }
    const waiting = takers.filter((taker) =>
      taker.sandbox === undefined && !("error" in taker)
    );
    assertEquals(pool.waiting, waiting.length);
    assertEquals(pool.ready, this.warm.length, "one was lost");
    assert(pool.ready <= SIZE, `${pool.ready} are warm`);
    assert(
      pool.ready === 0 || waiting.length === 0,
      "one is kept from a taker",
    );
    assertEquals(pool.pending, backend.held.size);
    assert(backend.heldMax <= LAUNCHES_MAX, `${backend.heldMax} launches`);
    // First come, first served: nobody waits who came before one who got it.
    const last = takers.findLastIndex(({ sandbox }) => sandbox !== undefined);
    assertEquals(
      takers.slice(0, Math.max(last, 0)).filter((each) =>
        waiting.includes(each)
      ),
      [],
    );
  }

  async close(): Promise<void> {
    await this.pool.close();
    await settled();
    for (const { sandbox, error, controller } of this.takers) {
      if (sandbox !== undefined || controller.signal.aborted) continue;
      assert(error instanceof BackendError, `${error}`);
    }
    assertEquals(this.warm, []);
    assertEquals([this.clock.timers, this.backend.held.size], [0, 0]);
  }
}

type Step = readonly [
  "take" | "succeed" | "fail" | "giveUp" | "kill" | "wait",
  number,
];

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant<Step>(["take", 0]) },
    {
      weight: 6,
      arbitrary: fc.tuple(fc.constant("succeed" as const), fc.nat(4)),
    },
    { weight: 1, arbitrary: fc.tuple(fc.constant("fail" as const), fc.nat(4)) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constant("giveUp" as const), fc.nat(9)),
    },
    { weight: 1, arbitrary: fc.tuple(fc.constant("kill" as const), fc.nat(4)) },
    {
      weight: 2,
      arbitrary: fc.tuple(fc.constant("wait" as const), fc.nat(700)),
    },
  ),
  { maxLength: 40, size: "max" },
);

for (const canTell of [false, true]) {
  const how = canTell ? ", and tells what died" : "";
  Deno.test(`SandboxPool loses and repeats nothing, whatever happens in whichever order${how}`, async () => {
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.array(fc.boolean(), { minLength: 1, maxLength: 7 }),
        async (all, rests) => {
          const world = new World(canTell);
          await world.rest();
          for (const [i, [what, n]] of all.entries()) {
            if (what === "wait") await world.clock.advance(n);
            else if (what !== "kill" || canTell) world[what](n);
            // Several things happen before it rests, or just one.
            if (rests[i % rests.length]) await world.rest();
          }
          await world.rest();
          await world.close();
        },
      ),
      { numRuns: 200 },
    );
  });
}

Deno.test("SandboxPool has everything warm again once launches succeed", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const world = new World(true);
      await world.rest();
      for (const [what, n] of all) {
        if (what === "wait") await world.clock.advance(n);
        else world[what](n);
        await world.rest();
      }
      for (let round = 0; round < 100; round++) {
        if (world.pool.ready === SIZE && world.pool.waiting === 0) break;
        if (world.pool.pending === 0) await world.clock.advance(500);
        while (world.backend.held.size > 0) {
          world.succeed(0);
          await world.rest();
        }
      }
      assertEquals([world.pool.ready, world.pool.waiting], [SIZE, 0]);
      await world.close();
    }),
    { numRuns: 100 },
  );
});
