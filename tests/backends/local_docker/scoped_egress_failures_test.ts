// Scoped egress that cannot be had, or is called off: nothing is left of it.
import { assert, assertEquals } from "@std/assert";
import { BackendError } from "../../../backends/mod.ts";
import type { FakeEngine } from "../../fakes/fake_engine/fake_engine.ts";
import type { FakeImage } from "../../fakes/fake_engine/image_store.ts";
import { TlsFront } from "../../fixtures/tls/tls_front.ts";
import { backendFor, IMAGE, IMAGES, startEngine } from "./_fake_backend.ts";
import { FAULTS, LAUNCH_ROUTES } from "./_faults.ts";
import {
  egressBackend,
  failsWith,
  FORWARDER,
  inOwnFolder,
  pair,
  socketFolders,
  SPEC,
  withHostConfig,
} from "./_scoped_egress.ts";
import { withEnv } from "./_with_env.ts";

const FAILED = [
  "engine_failed",
  "engine_unavailable",
  "start_failed",
  "network_refused",
];

/** Starts an engine whose forwarder is another one. */
function engineWith(forwarder?: FakeImage): ReturnType<typeof startEngine> {
  return startEngine({
    images: {
      [IMAGE]: IMAGES[IMAGE],
      ...(forwarder && { [FORWARDER]: forwarder }),
    },
  });
}

Deno.test("ScopedEgress is refused without an image of a forwarder, and nothing is left", async () => {
  await inOwnFolder(async (folder) => {
    await using engine = await engineWith();
    await using backend = egressBackend(engine, {
      imagePolicy: { pull: "never" },
    });
    const { message } = await failsWith(
      "network_refused",
      () => backend.launch(SPEC),
    );
    assert(message.includes(FORWARDER), message);
    assert(message.includes("makeForwarderImage"), message);
    assertEquals(engine.containers, []);
    assertEquals(socketFolders(folder), []);
    assertEquals(backend.running, 0);
  });
});

const FORWARDERS: Readonly<Record<string, FakeImage>> = {
  "ends at once": { entrypoint: ["fail"] },
  "never says that it is ready": { entrypoint: ["sleep"] },
  "says something else": { entrypoint: ["linger"] },
  "cannot reach the socket": { entrypoint: ["unreachable"] },
  "is no program": { entrypoint: ["/zu/none"] },
};

for (const [what, image] of Object.entries(FORWARDERS)) {
  Deno.test(`ScopedEgress is refused where the forwarder ${what}`, async () => {
    await inOwnFolder(async (folder) => {
      await using engine = await engineWith(image);
      await using backend = egressBackend(engine, { startupTimeoutMs: 500 });
      const { message } = await failsWith(
        "network_refused",
        () => backend.launch(SPEC),
      );
      assert(message.includes(FORWARDER), message);
      assertEquals(engine.containers, []);
      assertEquals(socketFolders(folder), []);
      // Those without a network are none of its business.
      await using _ = await backend.launch({ image: IMAGE });
    });
  });
}

const LEFT_OUT = {
  "has a network": { NetworkMode: "bridge" },
  "may write to its files": { ReadonlyRootfs: false },
  "has capabilities": { CapDrop: null },
  "has no bound on its memory": { Memory: 0 },
  "is privileged": { Privileged: true },
};

for (const [what, changed] of Object.entries(LEFT_OUT)) {
  Deno.test(`lesson 37: ScopedEgress is refused where the forwarder ${what}`, async () => {
    await inOwnFolder(async () => {
      await using engine = await startEngine();
      await using backend = egressBackend(engine);
      engine.fault({
        ...LAUNCH_ROUTES["inspecting"]!,
        kind: "altered",
        alter: (json) => withHostConfig(json, changed),
      });
      await failsWith("network_refused", () => backend.launch(SPEC));
      assertEquals(engine.containers, []);
    });
  });
}

Deno.test("lesson 37: ScopedEgress is no launch where the sandbox has another network than the forwarder's", async () => {
  await inOwnFolder(async () => {
    for (const NetworkMode of ["bridge", "host", "none", "container:other"]) {
      await using engine = await startEngine();
      await using backend = egressBackend(engine);
      engine.fault({
        ...LAUNCH_ROUTES["inspecting"]!,
        nth: 2,
        kind: "altered",
        alter: (json) => withHostConfig(json, { NetworkMode }),
      });
      await failsWith("start_failed", () => backend.launch(SPEC));
      assertEquals(engine.containers, []);
    }
  });
});

for (const [who, nth] of [["forwarder", 1], ["sandbox", 2]] as const) {
  for (const [step, route] of Object.entries(LAUNCH_ROUTES)) {
    for (const [what, fault] of Object.entries(FAULTS)) {
      const hasJson = !["attaching", "starting"].includes(step);
      if (!hasJson && /JSON/.test(what)) continue;
      Deno.test(`ScopedEgress leaves nothing when ${step} of the ${who} gets ${what}`, async () => {
        await inOwnFolder(async (folder) => {
          await using engine = await startEngine();
          await using backend = egressBackend(engine, {
            startupTimeoutMs: 2_000,
          });
          engine.fault({ ...route, nth, ...fault });
          await failsWith(FAILED, () => backend.launch(SPEC));
          assertEquals(engine.containers, []);
          assertEquals(socketFolders(folder), []);
          assertEquals(backend.running, 0);
          engine.clearFaults();
          await using sandbox = await backend.launch(SPEC);
          assertEquals(sandbox.egress?.isOpen, true);
        });
      });
    }
  }
}

Deno.test("ScopedEgress is a failed start where the forwarder ends before the sandbox joins it", async () => {
  await inOwnFolder(async () => {
    await using engine = await startEngine();
    await using backend = egressBackend(engine);
    const gate = Promise.withResolvers<void>();
    engine.fault({
      ...LAUNCH_ROUTES["creating"]!,
      nth: 2,
      kind: "slow",
      until: gate.promise,
    });
    const launching = failsWith("start_failed", () => backend.launch(SPEC));
    await engine.when("both", () => engine.containers.length === 2);
    await pair(engine).forwarder.kill();
    gate.resolve();
    const { message } = await launching;
    assert(/cannot join network|No such container/.test(message), message);
    await engine.when("none", () => engine.containers.length === 0);
  });
});

Deno.test("ScopedEgress leaves nothing where the sandbox's image is not there or runs nothing", async () => {
  await inOwnFolder(async () => {
    await using engine = await startEngine();
    await using backend = egressBackend(engine, {
      imagePolicy: { pull: "never" },
    });
    await failsWith(
      "image_unavailable",
      () => backend.launch({ ...SPEC, image: "localhost/none:1" }),
    );
    assertEquals(engine.containers, []);
    await failsWith(
      "start_failed",
      () => backend.launch({ ...SPEC, command: ["no-such-program"] }),
    );
    assertEquals(engine.containers, []);
  });
});

Deno.test("ScopedEgress tells of a forwarder that a failed launch could not remove", async () => {
  await inOwnFolder(async () => {
    const warnings: string[] = [];
    await using engine = await startEngine();
    await using backend = egressBackend(engine, {
      onWarning: (warning) => warnings.push(warning),
    });
    engine.fault({ ...LAUNCH_ROUTES["starting"]!, nth: 2, kind: "500" });
    // The first is the sandbox's, which was not started.
    engine.fault({ method: "DELETE", path: /./, nth: 2, kind: "500" });
    await failsWith("start_failed", () => backend.launch(SPEC));
    assertEquals(warnings.length, 1);
    assert(/could not be removed/.test(warnings[0]!), warnings[0]);
    // It has lost its leash.
    await engine.when("none", () => engine.containers.length === 0);
  });
});

Deno.test("ScopedEgress is refused over TCP, also where that is found out late", async () => {
  await inOwnFolder(async () => {
    await using engine = await startEngine();
    await using front = new TlsFront(engine.socketPath, { hasTls: false });
    const env = { DOCKER_HOST: `tcp://127.0.0.1:${front.port}` };
    await withEnv(env, async () => {
      const options = { egress: {}, allowPlainTcp: true };
      await using backend = backendFor(
        { socketPath: undefined } as unknown as FakeEngine,
        options,
      );
      const late = await failsWith(
        "network_refused",
        () => backend.launch(SPEC),
      );
      assert(/over its socket/.test(late.message), late.message);
      assertEquals(engine.containers, []);
      const asked = engine.requests.length;
      await failsWith("network_refused", () => backend.launch(SPEC));
      assertEquals(engine.requests.length, asked);
      await using _ = await backend.launch({ image: IMAGE });
    });
  });
});

Deno.test("ScopedEgress is refused in runtimes with a loopback of their own", async () => {
  await inOwnFolder(async () => {
    await using engine = await startEngine({ runtimes: ["runc", "runsc"] });
    await using backend = egressBackend(engine);
    const { message } = await failsWith(
      "network_refused",
      () => backend.launch({ ...SPEC, runtime: "runsc" }),
    );
    assert(message.includes('"runsc"'), message);
    assertEquals(engine.requests, []);
    await using sandbox = await backend.launch({ ...SPEC, runtime: "runc" });
    assertEquals(sandbox.egress?.isOpen, true);
  });
});

Deno.test("lesson 26: the policy for images holds for the forwarder's, and a spec's does not", async () => {
  await inOwnFolder(async () => {
    await using engine = await engineWith();
    const refused = async (
      imagePolicy: NonNullable<Parameters<typeof backendFor>[1]>["imagePolicy"],
      code: string,
    ) => {
      await using backend = egressBackend(engine, {
        imagePolicy: imagePolicy!,
      });
      await failsWith(code, () => backend.launch(SPEC));
    };
    await refused({ allow: ["localhost/box"] }, "image_refused");
    await refused({ pinned: true }, "image_refused");
    assertEquals(engine.requests, []);
    await refused({ pull: "never" }, "network_refused");
    await refused({ allow: ["localhost"], pull: "never" }, "network_refused");
    assert(!engine.requests.some(({ path }) => path === "/images/create"));
    engine.images.add(FORWARDER, IMAGES[FORWARDER]);
    await using backend = egressBackend(engine, {
      imagePolicy: { allow: ["localhost"] },
    });
    const imagePolicy = { allow: ["localhost/box"] };
    await using _ = await backend.launch({ ...SPEC, imagePolicy });
  });
});

Deno.test("ScopedEgress has its forwarder pulled where the policy says so", async () => {
  await inOwnFolder(async () => {
    await using engine = await startEngine({
      images: { [IMAGE]: IMAGES[IMAGE] },
      registry: { [FORWARDER]: IMAGES[FORWARDER] },
    });
    await using backend = egressBackend(engine);
    await backend.launch(SPEC);
    assertEquals(engine.containers.length, 2);
  });
});

/** How many requests a launch is, once the engine has been looked at. */
async function requestsOf(engine: FakeEngine): Promise<number> {
  await using backend = egressBackend(engine);
  await backend.launch({ image: IMAGE });
  const before = engine.requests.length;
  await backend.launch(SPEC);
  return engine.requests.length - before;
}

for (const isAnswered of [false, true]) {
  const when = isAnswered ? "before its answer" : "as it comes";
  Deno.test(`lesson 23: ScopedEgress leaves nothing when it is called off at any request, ${when}`, async () => {
    await inOwnFolder(async (folder) => {
      await using engine = await startEngine();
      const steps = await requestsOf(engine);
      assert(steps >= 10, `${steps} requests`);
      await using backend = egressBackend(engine);
      await using _warm = await backend.launch({ image: IMAGE });
      for (let step = 1; step <= steps; step++) {
        const reason = new Error(`not after ${step}`);
        const controller = new AbortController();
        const { signal } = controller;
        const gate = Promise.withResolvers<void>();
        if (isAnswered) {
          const until = gate.promise;
          engine.fault({ path: /./, nth: step, kind: "slow", until });
        }
        const at = engine.requests.length + step;
        const launching = backend.launch(SPEC, { signal })
          .then((sandbox) => backend.destroy(sandbox), (error) => error);
        await engine.when(
          `request ${step}`,
          () => engine.requests.length >= at,
        );
        controller.abort(reason);
        // What the engine has created by then, it says only now.
        gate.resolve();
        const error = await launching;
        assert(error === undefined || error === reason, String(error));
        assertEquals(engine.containers.length, 1, `at ${step}`);
        assertEquals(socketFolders(folder), [], `at ${step}`);
        engine.clearFaults();
      }
    });
  });

  Deno.test(`ScopedEgress leaves nothing when its backend is closed at any request, ${when}`, async () => {
    await inOwnFolder(async (folder) => {
      await using engine = await startEngine();
      const steps = await requestsOf(engine);
      for (let step = 1; step <= steps; step++) {
        const backend = egressBackend(engine);
        await backend.launch({ image: IMAGE });
        const gate = Promise.withResolvers<void>();
        if (isAnswered) {
          const until = gate.promise;
          engine.fault({ path: /./, nth: step, kind: "slow", until });
        }
        const at = engine.requests.length + step;
        const launching = backend.launch(SPEC)
          .then(() => undefined, (error) => error);
        await engine.when(
          `request ${step}`,
          () => engine.requests.length >= at,
        );
        const closing = backend.close();
        gate.resolve();
        await closing;
        const error = await launching;
        if (error !== undefined) {
          assert(error instanceof BackendError, String(error));
          assertEquals(error.code, "closed");
        }
        assertEquals(engine.containers, [], `at ${step}`);
        assertEquals(socketFolders(folder), [], `at ${step}`);
        engine.clearFaults();
      }
    });
  });
}

Deno.test("ScopedEgress opens no socket for a launch that was called off before", async () => {
  await inOwnFolder(async () => {
    await using engine = await startEngine();
    await using backend = egressBackend(engine);
    const reason = new Error("too late");
    const signal = AbortSignal.abort(reason);
    const error = await backend.launch(SPEC, { signal })
      .then(() => undefined, (error) => error);
    assertEquals(error, reason);
    assertEquals(engine.requests, []);
  });
});

Deno.test("ScopedEgress launches nothing while its socket's path cannot be taken away", async () => {
  await inOwnFolder(async (folder) => {
    await using engine = await startEngine();
    await using backend = egressBackend(engine);
    const { remove } = Deno;
    // A root user may remove whatever there is, so that no real one can be had.
    Deno.remove = (path, options) =>
      String(path).includes("/zu-egress-")
        ? Promise.reject(new Deno.errors.PermissionDenied("not yours"))
        : remove(path, options);
    try {
      const { message } = await failsWith(
        "network_refused",
        () => backend.launch(SPEC),
      );
      assert(message.includes("not yours"), message);
    } finally {
      Deno.remove = remove;
    }
    assertEquals(engine.containers, []);
    for (const name of socketFolders(folder)) {
      await remove(`${folder}/${name}`, { recursive: true });
    }
  });
});

Deno.test("ScopedEgress says what keeps it from making a socket", async () => {
  await inOwnFolder(async (folder) => {
    await using engine = await startEngine();
    await using backend = egressBackend(engine);
    await using _warm = await backend.launch({ image: IMAGE });
    await withEnv({ TMPDIR: `${folder}/none` }, async () => {
      await failsWith("network_refused", () => backend.launch(SPEC));
    });
    const long = `${folder}/${"x".repeat(100)}`;
    await Deno.mkdir(long);
    await withEnv({ TMPDIR: long }, async () => {
      const { message } = await failsWith(
        "network_refused",
        () => backend.launch(SPEC),
      );
      assert(/too long for a socket\. Set TMPDIR/.test(message), message);
    });
    assertEquals([...Deno.readDirSync(long)], []);
    await Deno.remove(long);
    assertEquals(engine.containers.length, 1);
  });
});

Deno.test("ScopedEgress is refused where a sandbox would have its socket's folder", async () => {
  await using engine = await startEngine();
  await inOwnFolder(async (folder) => {
    await using backend = egressBackend(engine);
    const mounts = [{ source: folder, target: "/host" }];
    const { message } = await failsWith(
      "network_refused",
      () => backend.launch({ ...SPEC, mounts }),
    );
    assert(message.includes("TMPDIR"), message);
    const other = await backend.launch({ image: IMAGE, mounts });
    await failsWith("network_refused", () => backend.launch(SPEC));
    await backend.destroy(other);
    await backend.launch(SPEC);
    assertEquals(await socketFolders(folder), []);
  });
});
