// Every method of LocalDockerBackend that asks the engine for something: how it is
// called, what is right, and how it may fail.
import { assert, assertEquals } from "@std/assert";
import type { BackendErrorCode, RunStatus } from "../../../backends/mod.ts";
import { clientOf } from "../../fakes/fake_engine/_client.ts";
import { IMAGE, text } from "./_fake_backend.ts";
import { FAR_IMAGE, type FaultWorld } from "./_fault_world.ts";

/** A method, as it is tried under faults. */
export interface Method {
  /** Makes what it needs, while all is well. */
  readonly before?: (world: FaultWorld) => Promise<void>;
  /** Calls it, and fails if what it returns is neither right nor an outcome. */
  readonly use: (world: FaultWorld) => Promise<void>;
  /** How it may fail. */
  readonly codes: readonly BackendErrorCode[];
}

const BROKEN = ["engine_failed", "engine_unavailable"] as const;
/** How whatever happens in a sandbox may fail: it may have to be ended. */
export const INSIDE = [...BROKEN, "sandbox_gone"] as const;
/** A program of which it is not known that it was started has not been. */
export const STARTED = [...INSIDE, "start_failed"] as const;
const LAUNCH = [...BROKEN, "start_failed", "image_unavailable"] as const;

/** Whether a program was ended, and says so. */
function isCutShort(
  { outcome, cleanup }: Pick<RunStatus, "outcome" | "cleanup">,
): boolean {
  if (outcome === "sandbox_gone") return true;
  return outcome === "timeout" && cleanup !== "none";
}

/** An observation has to be what it is when all is well. */
function observing(
  ask: (world: FaultWorld) => Promise<unknown>,
): Method {
  let usual: unknown;
  return {
    before: async (world) => {
      usual = await ask(world);
    },
    use: async (world) => assertEquals(await ask(world), usual),
    codes: INSIDE,
  };
}

async function leaveExpired({ engine }: FaultWorld): Promise<void> {
  const labels = {
    "zu.backend": "local-docker",
    "zu.expires": "2020-01-01T00:00:00Z",
  };
  const left = () =>
    engine.containers.some((one) =>
      one.labels["zu.expires"] === labels["zu.expires"]
    );
  if (left()) return;
  await clientOf(engine).createContainer({
    Image: IMAGE,
    Cmd: ["true"],
    Labels: labels,
  });
}

/** The methods by their names. */
export const METHODS: Readonly<Record<string, Method>> = {
  launch: {
    before: (world) => world.renew(),
    use: async (world) => {
      const { backend, signal } = world;
      const sandbox = await backend.launch({ image: IMAGE }, { signal });
      assert(backend.isAlive(sandbox));
      await backend.destroy(sandbox);
    },
    codes: LAUNCH,
  },
  "launch with a pull": {
    before: async (world) => {
      await world.ready();
    },
    use: async ({ backend, signal }) => {
      const sandbox = await backend.launch({
        image: FAR_IMAGE,
        imagePolicy: { pull: "always" },
      }, { signal });
      await backend.destroy(sandbox);
    },
    codes: LAUNCH,
  },
  run: {
    use: async ({ backend, sandbox, signal }) => {
      const result = await backend.run(sandbox, ["cat"], {
        signal,
        stdin: "hello",
      });
      if (isCutShort(result)) return;
      const { outcome, exitCode, stdout } = result;
      assertEquals([outcome, exitCode, text(stdout)], ["exited", 0, "hello"]);
    },
    codes: INSIDE,
  },
  "run until its time is up": {
    use: async ({ backend, sandbox, signal }) => {
      const { outcome, cleanup } = await backend.run(sandbox, ["linger"], {
        signal,
        timeoutMs: 50,
      });
      assert(isCutShort({ outcome, cleanup }), `${outcome} ${cleanup}`);
    },
    codes: INSIDE,
  },
  exec: {
    use: async ({ backend, sandbox, signal }) => {
      const call = { name: "say", args: { text: '{"n":1}' } };
      const observation = await backend.exec(sandbox, call, { signal });
      // 504 is that its time was up, whoever used it up.
      if (observation.status === 504) return;
      assertEquals(observation, { status: 200, n: 1 });
    },
    codes: INSIDE,
  },
  spawn: {
    use: async ({ backend, sandbox, signal }) => {
      const process = await backend.spawn(sandbox, ["cat"], { signal });
      const reading = new Response(process.stdout).text();
      reading.catch(() => {});
      try {
        const writer = process.stdin.getWriter();
        await writer.write(new TextEncoder().encode("hello"));
        await writer.close();
        const status = await process.status;
        const { outcome, exitCode } = status;
        const said = await reading;
        if (isCutShort(status)) return;
        assertEquals([outcome, exitCode, said], ["exited", 0, "hello"]);
      } finally {
        await process.stderr.cancel();
        await process.status;
      }
    },
    codes: STARTED,
  },
  "spawn and kill": {
    use: async ({ backend, sandbox }) => {
      const process = await backend.spawn(sandbox, ["linger"]);
      const { outcome } = await process.kill();
      // It never rejects: what was lost says that it is.
      assert(/^(?:aborted|timeout|sandbox_gone)$/.test(outcome), outcome);
      await Promise.allSettled([
        process.stdout.cancel(),
        process.stderr.cancel(),
      ]);
    },
    codes: STARTED,
  },
  "shell, shell.run and shell.close": {
    use: async ({ backend, sandbox, signal }) => {
      await using shell = await backend.shell(sandbox);
      const result = await shell.run(["echo", "hello"], { signal });
      if (isCutShort(result)) return;
      const { outcome, exitCode, stdout } = result;
      assertEquals([outcome, exitCode, text(stdout)], ["exited", 0, "hello\n"]);
    },
    codes: [...STARTED, "closed"],
  },
  "openSession, send and close": {
    use: async ({ backend, signal }) => {
      const session = await backend.openSession({ image: IMAGE }, {
        command: ["server"],
        signal,
      });
      try {
        const command = { op: "add", n: 7 };
        const reply = await session.send(command, { signal, timeoutMs: 5_000 });
        assertEquals([reply.ok, reply.n], [true, 7]);
      } finally {
        await session.close();
      }
    },
    codes: [...LAUNCH, "sandbox_gone", "closed", "protocol_error", "timeout"],
  },
  top: observing(({ backend, sandbox }) => backend.top(sandbox)),
  stats: observing(async ({ backend, sandbox }) => {
    const { memoryLimitBytes, processes } = await backend.stats(sandbox);
    return { memoryLimitBytes, processes };
  }),
  mounts: observing(({ backend, sandbox }) => backend.mounts(sandbox)),
  fsDiff: observing(({ backend, sandbox }) => backend.fsDiff(sandbox)),
  logs: observing(({ backend, sandbox }) => backend.logs(sandbox)),
  posture: {
    use: async ({ backend, sandbox }) => {
      const { problems, memory, seenFromInside, uid } = await backend.posture(
        sandbox,
      );
      assertEquals([problems, memory], [[], 2 ** 30]);
      // What could not be seen is said not to have been seen.
      assertEquals(uid, seenFromInside ? 65534 : null);
    },
    codes: INSIDE,
  },
  destroy: {
    use: async ({ backend, sandbox, engine }) => {
      await backend.destroy(sandbox);
      assertEquals(engine.containers, []);
      assertEquals(backend.running, 0);
    },
    codes: BROKEN,
  },
  sweep: {
    before: leaveExpired,
    use: async ({ backend }) => {
      const swept = await backend.sweep();
      assertEquals(swept.map(({ reason }) => reason), ["expired"]);
    },
    codes: BROKEN,
  },
  close: {
    before: async (world) => {
      await world.renew();
      await world.ready();
    },
    use: async ({ backend, engine }) => {
      await backend.close();
      assertEquals(engine.containers, []);
    },
    codes: BROKEN,
  },
};
