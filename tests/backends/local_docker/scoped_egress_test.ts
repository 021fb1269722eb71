// What there is of scoped egress on an engine, from the launch to the end.
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import type { EgressAttempt } from "../../../backends/egress_attempt.ts";
import { BackendError, SandboxPool } from "../../../backends/mod.ts";
import { IMAGE, IMAGES, startEngine, text } from "./_fake_backend.ts";
import {
  created,
  egressBackend,
  inOwnFolder,
  pair,
  socketFolders,
  SPEC,
} from "./_scoped_egress.ts";

const GUARDS = {
  CapDrop: ["ALL"],
  CapAdd: [],
  ReadonlyRootfs: true,
  AutoRemove: true,
  Init: true,
  Privileged: false,
  IpcMode: "private",
};

Deno.test("ScopedEgress is a forwarder without a network, and a sandbox in its place", async () => {
  await inOwnFolder(async (folder) => {
    await using engine = await startEngine();
    await using backend = egressBackend(engine, { runId: "r1" });
    const id = (await backend.launch({
      ...SPEC,
      labels: { mine: "1" },
      ttlMs: 60_000,
    })).id;
    const { forwarder, sandbox } = pair(engine);
    assertEquals(sandbox.id, id);
    const [first, second, ...others] = created(engine);
    assert(first !== undefined && second !== undefined);
    assertEquals(others, []);

    assertEquals(first["Image"], forwarder.image.id);
    assertEquals([first["Entrypoint"], first["NetworkDisabled"]], [
      undefined,
      true,
    ]);
    assertEquals(first["Cmd"], ["zu-ready", "512", "120000"]);
    assertEquals([first["User"], first["Env"]], ["65533:65533", []]);
    assertEquals(first.HostConfig["NetworkMode"], "none");
    const [mount, ...mounts] = first.HostConfig["Mounts"] as {
      Source: string;
    }[];
    assertEquals(mounts, []);
    const { Source, ...rest } = mount!;
    assert(Source.startsWith(`${await Deno.realPath(folder)}/zu-egress-`));
    assertEquals(rest, {
      Type: "bind",
      Target: "/zu/egress.sock",
      ReadOnly: true,
      BindOptions: { Propagation: "rprivate", NonRecursive: true },
    } as object);

    assertEquals([second["Image"], second["NetworkDisabled"]], [
      sandbox.image.id,
      false,
    ]);
    const mode = `container:${forwarder.id}`;
    assertEquals(second.HostConfig["NetworkMode"], mode);
    assertEquals(second.HostConfig["Mounts"], []);
    for (const { HostConfig } of [first, second]) {
      const of = (name: string) => [name, HostConfig[name]];
      assertEquals(
        Object.fromEntries(Object.keys(GUARDS).map(of)),
        GUARDS,
      );
      // The fake engine is one whose own filter is not strict enough.
      const [first, second, ...others] = HostConfig["SecurityOpt"] as string[];
      assertEquals([first, others], ["no-new-privileges", []]);
      assert(second?.startsWith('seccomp={"defaultAction":"SCMP_ACT_ERRNO"'));
      for (const name of ["Memory", "NanoCpus", "PidsLimit"]) {
        assert(Number(HostConfig[name]) > 0, name);
      }
      assertEquals(HostConfig["MemorySwap"], HostConfig["Memory"]);
    }

    const { mine, ...belonging } = sandbox.labels;
    assertEquals(mine, "1");
    assertEquals(forwarder.labels, belonging);
    assertEquals(belonging["zu.backend"], "local-docker");
    assertEquals(belonging["zu.run"], "r1");
    assertEquals(socketFolders(folder), []);
    assertEquals(backend.running, 1);
  });
});

Deno.test("ScopedEgress starts the forwarder, and the sandbox when that is ready", async () => {
  await inOwnFolder(async () => {
    await using engine = await startEngine();
    await using backend = egressBackend(engine);
    await backend.launch(SPEC);
    const { forwarder, sandbox } = pair(engine);
    const steps = engine.requests.map(({ method, path }) =>
      `${method} ${path}`
        .replace(forwarder.id, "forwarder").replace(sandbox.id, "sandbox")
    ).filter((step) => step.includes("/containers/"));
    assertEquals(steps.slice(-8), [
      "POST /containers/create",
      "POST /containers/forwarder/attach",
      "POST /containers/forwarder/start",
      "GET /containers/forwarder/json",
      "POST /containers/create",
      "POST /containers/sandbox/attach",
      "POST /containers/sandbox/start",
      "GET /containers/sandbox/json",
    ]);
  });
});

Deno.test("ScopedEgress tells programs of its proxy, unless the spec says otherwise", async () => {
  await inOwnFolder(async () => {
    await using engine = await startEngine();
    await using backend = egressBackend(engine);
    await using sandbox = await backend.launch({
      ...SPEC,
      env: { NO_PROXY: "mine.example", HTTPS_PROXY: "" },
    });
    const { stdout } = await backend.run(sandbox, ["env"]);
    const env = text(stdout).split("\n");
    const url = "http://127.0.0.1:3128";
    for (
      const line of [
        `HTTP_PROXY=${url}`,
        `http_proxy=${url}`,
        `https_proxy=${url}`,
        "HTTPS_PROXY=",
        "NO_PROXY=mine.example",
        "no_proxy=localhost,127.0.0.1,::1",
        "NODE_USE_ENV_PROXY=1",
      ]
    ) assert(env.includes(line), `${line} in ${env}`);
  });
});

Deno.test("ScopedEgress takes a sandbox's requests to its own policy, and records them as its", async () => {
  await inOwnFolder(async () => {
    const attempts: EgressAttempt[] = [];
    await using engine = await startEngine();
    await using backend = egressBackend(engine, {
      egress: { onAttempt: (attempt) => void attempts.push(attempt) },
    });
    const one = await backend.launch(SPEC);
    const two = await backend.launch({
      image: IMAGE,
      network: { egress: { allow: ["other.example"] } },
    });
    const ask = async (sandbox: typeof one, host: string) => {
      const request = `GET http://${host}/ HTTP/1.1|Host: ${host}||`;
      const { stdout } = await backend.run(sandbox, ["ask", request]);
      return text(stdout).split("\r\n")[0];
    };
    const [refused, passed] = [
      "HTTP/1.1 403 Forbidden",
      "HTTP/1.1 502 Bad Gateway",
    ];
    assertEquals(await ask(one, "allowed.example"), passed);
    assertEquals(await ask(one, "other.example"), refused);
    assertEquals(await ask(two, "other.example"), passed);
    assertEquals(await ask(two, "allowed.example"), refused);
    one.egress!.allow(["other.example"]);
    assertEquals(await ask(one, "other.example"), passed);
    assertEquals(await ask(two, "allowed.example"), refused);
    await backend.close();
    const of = ({ id }: { id: string }) =>
      attempts.filter(({ sandbox }) => sandbox === id)
        .map(({ host, reason }) => `${host} ${reason}`);
    assertEquals(of(one), [
      "allowed.example unresolved",
      "other.example not_allowed",
      "other.example unresolved",
    ]);
    assertEquals(of(two), [
      "other.example unresolved",
      "allowed.example not_allowed",
      "allowed.example not_allowed",
    ]);
    assertEquals(attempts.length, 6, "one has another sandbox's id");
    const seen: string[] = [];
    for await (const { reason } of one.egress!.attempts()) seen.push(reason);
    assertEquals(seen, ["unresolved", "not_allowed", "unresolved"]);
  });
});

Deno.test("SandboxEgress.allow refuses what is no entry, or beyond what was granted, and changes nothing", async () => {
  await inOwnFolder(async () => {
    await using engine = await startEngine();
    await using backend = egressBackend(engine, {
      egress: { allow: ["allowed.example", "*.more.example"] },
    });
    await using sandbox = await backend.launch(SPEC);
    const egress = sandbox.egress!;
    const before = egress.policy;
    assertNotEquals(before.allow, []);
    const bad: unknown[] = [
      ["*"],
      ["http://allowed.example"],
      ["allowed.example", "elsewhere.example"],
      [{ host: "allowed.example", port: 0 }],
      [{ host: "allowed.example", typo: 1 }],
      [5],
      "allowed.example",
      null,
    ];
    for (const allow of bad) {
      const { code } = assertThrows(
        () => egress.allow(allow as string[]),
        BackendError,
        undefined,
        JSON.stringify(allow),
      );
      assertEquals(code, "network_refused", JSON.stringify(allow));
      assertEquals(egress.policy, before);
    }
    egress.allow(["a.more.example"]);
    assert(JSON.stringify(egress.policy.allow).includes("a.more.example"));
    egress.allow([]);
    assertEquals(egress.policy.allow, []);
    assertEquals([egress.isOpen, egress.open], [true, 0]);
  });
});

Deno.test("Sandbox.egress is there with scoped egress alone", async () => {
  await inOwnFolder(async () => {
    await using engine = await startEngine();
    await using backend = egressBackend(engine, {
      allowUnrestrictedEgress: true,
      tiers: { render: { image: IMAGE } },
    });
    const none = await backend.launch({ image: IMAGE });
    const open = await backend.launch({
      tier: "render",
      network: { unrestricted: true },
    });
    assertEquals(["egress" in none, "egress" in open], [false, false]);
    assertEquals(engine.containers.length, 2);
    const scoped = await backend.launch(SPEC);
    assertEquals(scoped.egress?.isOpen, true);
    assert(Object.isFrozen(scoped.egress));
  });
});

Deno.test("lesson 37: ScopedEgress stays closed when its forwarder is lost, and the sandbox goes on", async () => {
  await inOwnFolder(async () => {
    const warnings: string[] = [];
    const warned = Promise.withResolvers<void>();
    await using engine = await startEngine();
    await using backend = egressBackend(engine, {
      onWarning: (warning) => {
        warnings.push(warning);
        warned.resolve();
      },
    });
    const sandbox = await backend.launch(SPEC);
    const egress = sandbox.egress!;
    await pair(engine).forwarder.kill();
    await warned.promise;
    assertEquals(egress.isOpen, false);
    assertEquals(warnings.length, 1);
    assert(warnings[0]!.includes(sandbox.id), warnings[0]);
    assert(/its forwarder has ended/.test(warnings[0]!), warnings[0]);
    assertEquals(backend.isAlive(sandbox), true);
    const { exitCode } = await backend.run(sandbox, ["ask", "x"]);
    assertEquals(exitCode, 1);
    for await (const _ of egress.attempts());
    // A new list opens nothing.
    egress.allow(["other.example"]);
    assertEquals(egress.isOpen, false);
    assertEquals(engine.containers.map(({ id }) => id), [sandbox.id]);
    await backend.destroy(sandbox);
    assertEquals(engine.containers, []);
    assertEquals(warnings.length, 1);
  });
});

const ENDS = {
  "is destroyed": (backend, sandbox) => backend.destroy(sandbox),
  "ends by itself": async (_backend, _sandbox, engine) => {
    await pair(engine).sandbox.kill();
  },
  "is closed with its backend": (backend) => backend.close(),
  "is swept by another process": async (_backend, _sandbox, engine) => {
    const late = new Date(0).toISOString();
    engine.fault({
      method: "GET",
      path: /^\/containers\/json/,
      kind: "altered",
      // As it looks when the time is over.
      alter: (json) =>
        (json as { Labels: object }[]).map((each) => ({
          ...each,
          Labels: { ...each.Labels, "zu.expires": late },
        })),
    });
    await using other = egressBackend(engine);
    const swept = await other.sweep();
    assertEquals(swept.map(({ reason }) => reason), ["expired", "expired"]);
  },
  // Of a fake engine's programs, none knows the time.
  "has lived for its time": () => Promise.resolve(),
} satisfies Record<
  string,
  (
    backend: ReturnType<typeof egressBackend>,
    sandbox: Awaited<ReturnType<ReturnType<typeof egressBackend>["launch"]>>,
    engine: Awaited<ReturnType<typeof startEngine>>,
  ) => Promise<void>
>;

for (const [how, end] of Object.entries(ENDS)) {
  Deno.test(`ScopedEgress is gone when its sandbox ${how}`, async () => {
    await inOwnFolder(async () => {
      const warnings: string[] = [];
      await using engine = await startEngine();
      await using backend = egressBackend(engine, {
        onWarning: (warning) => warnings.push(warning),
      });
      const sandbox = await backend.launch({ ...SPEC, ttlMs: 1_000 });
      await end(backend, sandbox, engine);
      await engine.when("all gone", () => engine.containers.length === 0);
      for await (const _ of sandbox.egress!.attempts());
      assertEquals(sandbox.egress!.isOpen, false);
      assertEquals(backend.running, 0);
      if (!/swept/.test(how)) assertEquals(warnings, []);
    });
  });
}

Deno.test("ScopedEgress gets a second try where its forwarder could not be removed", async () => {
  await inOwnFolder(async () => {
    await using engine = await startEngine();
    await using backend = egressBackend(engine);
    const sandbox = await backend.launch(SPEC);
    const { forwarder } = pair(engine);
    engine.fault({
      method: "DELETE",
      path: new RegExp(`^/containers/${forwarder.id}$`),
      kind: "500",
    });
    const failed = await backend.destroy(sandbox).catch((error) => error.code);
    assertEquals(failed, "engine_failed");
    assertEquals(sandbox.egress!.isOpen, false);
    await backend.destroy(sandbox);
    assertEquals(engine.containers, []);
  });
});

Deno.test("SandboxPool hands out sandboxes with scoped egress, and ends their forwarders", async () => {
  await inOwnFolder(async () => {
    await using engine = await startEngine();
    await using backend = egressBackend(engine);
    const pool = new SandboxPool(backend, SPEC, { size: 2 });
    const sandbox = await pool.take();
    assertEquals(sandbox.egress?.isOpen, true);
    await engine.when(
      "two more",
      () => engine.containers.length === 6,
    );
    await pool.close();
    assertEquals(engine.containers.length, 2);
    await backend.destroy(sandbox);
    assertEquals(engine.containers, []);
  });
});

Deno.test("LocalDockerBackend.openSession has a sandbox with scoped egress, and ends its forwarder", async () => {
  await inOwnFolder(async () => {
    await using engine = await startEngine();
    await using backend = egressBackend(engine);
    const session = await backend.openSession(SPEC, { command: ["server"] });
    const { sandbox } = pair(engine);
    assertEquals(session.id, sandbox.id);
    assertEquals(session.egress?.isOpen, true);
    assertEquals(await session.send({ op: "echo", n: 1 }), { ok: true, n: 1 });
    await session.close();
    assertEquals(engine.containers, []);
    await using shared = await backend.openSession(SPEC, {
      command: ["server"],
      runKey: "k",
    });
    assertEquals(engine.containers.length, 2);
    shared.egress?.allow([]);
    assertEquals(shared.egress?.policy.allow, []);
    await shared.close();
    assertEquals(engine.containers, []);
  });
});

Deno.test("ScopedEgress takes the forwarder's image from the option", async () => {
  await inOwnFolder(async () => {
    const forwarderImage = "localhost:5000/team/forwarder:7";
    await using engine = await startEngine({
      images: {
        ...IMAGES,
        [forwarderImage]: IMAGES["localhost/zu-egress-forwarder:1"],
      },
    });
    await using backend = egressBackend(engine, { egress: { forwarderImage } });
    await backend.launch(SPEC);
    assertEquals(pair(engine).forwarder.image.name, forwarderImage);
  });
});
