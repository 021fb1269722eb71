import { assert, assertEquals, assertRejects } from "@std/assert";
import { BackendError, type EgressAttempt } from "../../backends/mod.ts";
import {
  containersOf,
  dockerTest,
  engine,
  eventually,
  type TestBackend,
  text,
} from "./_engine.ts";
import { forwarderImage, Host } from "./_forwarder.ts";
import { IMAGES } from "./_images.ts";

const ROOT = new URL("../../", import.meta.url);
const HOUR_MS = 3_600_000;

/** What a container is, as the engine says. */
interface Inspected {
  readonly Config: {
    readonly Labels: Readonly<Record<string, string>>;
    readonly Env: readonly string[] | null;
  };
  readonly HostConfig: { readonly NetworkMode: string };
  readonly Mounts: readonly { readonly Destination: string }[];
}

async function inspect(id: string): Promise<Inspected> {
  return await engine.json<Inspected>({
    method: "GET",
    path: `/containers/${id}/json`,
    what: "look",
  });
}

async function forwarderOf(
  backend: TestBackend,
  sandbox: { readonly id: string },
): Promise<string> {
  const { HostConfig } = await inspect(sandbox.id);
  const [, id] = /^container:([0-9a-f]{64})$/.exec(HostConfig.NetworkMode)!;
  assert((await containersOf(backend.runId)).includes(id!));
  return id!;
}

async function sh(
  backend: TestBackend,
  sandbox: Awaited<ReturnType<TestBackend["launch"]>>,
  script: string,
): Promise<string> {
  return text((await backend.run(sandbox, ["sh", "-c", script])).stdout).trim();
}

/** Runs something where temporary files are made in a folder of its own. */
async function inOwnFolder(run: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  const before = Deno.env.get("TMPDIR");
  Deno.env.set("TMPDIR", folder);
  try {
    await run(folder);
    assertEquals([...Deno.readDirSync(folder)], []);
  } finally {
    if (before === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", before);
    await Deno.remove(folder, { recursive: true });
  }
}

dockerTest(
  "scoped egress reaches what it was granted, says so, and leaves nothing",
  async () => {
    await inOwnFolder(async (folder) => {
      const attempts: EgressAttempt[] = [];
      await using host = new Host();
      await using backend = await host.backend({
        onAttempt: (attempt) => void attempts.push(attempt),
      });
      const sandbox = await backend.launch(host.spec);
      assertEquals([...Deno.readDirSync(folder)], []);
      assertEquals(await backend.containers(), 2);
      const { interfaces, problems, mounts } = await backend.posture(sandbox);
      assertEquals([interfaces, problems, mounts], [["lo"], [], []]);
      assertEquals(
        await sh(backend, sandbox, host.wget("/a")),
        "it is here",
      );
      const other = `wget -q -O - http://other.example/ 2>&1`;
      assert(/403/.test(await sh(backend, sandbox, other)));
      assertEquals(host.asked, ["/a"]);
      const look = "ls /sys/class/net; tail -n +2 /proc/net/route; " +
        "ls -a /zu 2>&1; grep -c egress /proc/self/mounts";
      assertEquals(
        (await sh(backend, sandbox, look)).split("\n"),
        ["lo", "ls: /zu: No such file or directory", "0"],
      );
      sandbox.egress!.allow([]);
      assert(/403/.test(await sh(backend, sandbox, host.wget("/b"))));
      await backend.destroy(sandbox);
      assertEquals(await backend.containers(), 0);
      assertEquals(
        attempts.map(({ sandbox, host, reason }) => [sandbox, host, reason]),
        [
          [sandbox.id, "host.example", "closed"],
          [sandbox.id, "other.example", "not_allowed"],
          [sandbox.id, "host.example", "not_allowed"],
        ],
      );
    });
  },
);

dockerTest(
  "scoped egress is two containers of one owner, and tells programs of the proxy",
  async () => {
    await using host = new Host();
    await using backend = await host.backend();
    const env = { NO_PROXY: "mine.example" };
    const sandbox = await backend.launch({ ...host.spec, env });
    const forwarder = await inspect(await forwarderOf(backend, sandbox));
    const { Config, Mounts } = await inspect(sandbox.id);
    assertEquals(forwarder.Config.Labels["zu.run"], backend.runId);
    for (const [name, value] of Object.entries(Config.Labels)) {
      if (!name.startsWith("zu.")) continue;
      assertEquals([name, forwarder.Config.Labels[name]], [name, value]);
    }
    assertEquals(forwarder.HostConfig.NetworkMode, "none");
    assertEquals(forwarder.Mounts.map(({ Destination }) => Destination), [
      "/zu/egress.sock",
    ]);
    assertEquals(Mounts, []);
    const url = "http://127.0.0.1:3128";
    const found = (await sh(backend, sandbox, "env")).split("\n")
      .filter((line) => /proxy/i.test(line)).sort();
    assertEquals(found, [
      `HTTPS_PROXY=${url}`,
      `HTTP_PROXY=${url}`,
      "NODE_USE_ENV_PROXY=1",
      "NO_PROXY=mine.example",
      `http_proxy=${url}`,
      `https_proxy=${url}`,
      "no_proxy=localhost,127.0.0.1,::1",
    ]);
  },
);

dockerTest(
  "lesson 37: a sandbox whose forwarder was killed goes on, and reaches nothing",
  async () => {
    await using host = new Host();
    await using backend = await host.backend();
    const sandbox = await backend.launch(host.spec);
    const path = `/containers/${await forwarderOf(backend, sandbox)}/kill`;
    await engine.json({ method: "POST", path, what: "kill the forwarder" });
    await eventually("its loss", () => !sandbox.egress!.isOpen);
    assertEquals(backend.warnings.length, 1);
    assert(backend.warnings[0]!.includes(sandbox.id), backend.warnings[0]);
    assertEquals(backend.isAlive(sandbox), true);
    const { exitCode } = await backend.run(sandbox, [
      "sh",
      "-c",
      host.wget(),
    ]);
    assert(exitCode !== 0, "it was reached");
    assertEquals(await sh(backend, sandbox, "ls /sys/class/net"), "lo");
    assertEquals(host.asked, []);
    await eventually(
      "its removal",
      async () => await backend.containers() === 1,
    );
    await backend.destroy(sandbox);
    assertEquals(await backend.containers(), 0);
  },
);

dockerTest(
  "a sandbox that is a command has its way out from its first moment, also without a shell",
  async () => {
    await using host = new Host();
    await using backend = await host.backend();
    // What listens in its network, before anything else was done; and then to stay:
    // without a shell, a command has the leash for its input.
    const commands = {
      [IMAGES.noShell]: ["/bin/cat", "/proc/net/tcp", "-"],
      [IMAGES.busybox]: ["sh", "-c", "cat /proc/net/tcp; exec sleep 1000"],
    };
    for (const [image, command] of Object.entries(commands)) {
      await using sandbox = await backend.launch({
        ...host.spec,
        image,
        command,
      });
      assertEquals(sandbox.egress?.isOpen, true);
      await eventually("the forwarder in what it saw", async () => {
        const { stdout } = await backend.logs(sandbox);
        return / 0100007F:0C38 00000000:0000 0A /.test(text(stdout));
      });
    }
    await using web = await backend.launch({
      ...host.spec,
      command: ["sh", "-c", `${host.wget("/first")}; exec sleep 1000`],
    });
    await eventually("its request", () => host.asked.length === 1);
    assertEquals([host.asked, backend.isAlive(web)], [["/first"], true]);
  },
);

dockerTest(
  "two backends have their own forwarders, policies and records",
  async () => {
    await using host = new Host();
    const records: [EgressAttempt[], EgressAttempt[]] = [[], []];
    const backendWith = (record: EgressAttempt[]) =>
      host.backend({ onAttempt: (attempt) => void record.push(attempt) });
    await using one = await backendWith(records[0]);
    await using two = await backendWith(records[1]);
    const [open, shut] = await Promise.all([
      one.launch(host.spec),
      two.launch({ ...host.spec, network: { egress: { allow: [] } } }),
    ]);
    assertEquals(await sh(one, open, host.wget()), "it is here");
    assert(/403/.test(await sh(two, shut, host.wget())));
    await one.close();
    assertEquals([await one.containers(), await two.containers()], [0, 2]);
    assert(/403/.test(await sh(two, shut, host.wget())));
    await two.close();
    assertEquals(records.map((record) => record.map(({ reason }) => reason)), [
      ["closed"],
      ["not_allowed", "not_allowed"],
    ]);
    assertEquals(await two.containers(), 0);
  },
);

dockerTest(
  "ten sandboxes with scoped egress at once are launched, used and destroyed",
  async () => {
    await inOwnFolder(async () => {
      await using host = new Host();
      await using backend = await host.backend();
      const numbers = Array.from({ length: 10 }, (_, i) => i);
      const said = await Promise.all(numbers.map(async (n) => {
        await using sandbox = await backend.launch(host.spec);
        return await sh(backend, sandbox, host.wget(`/${n}`));
      }));
      assertEquals(said, numbers.map(() => "it is here"));
      assertEquals(host.asked.sort(), numbers.map((n) => `/${n}`));
      assertEquals([backend.running, await backend.containers()], [0, 0]);
    });
  },
);

dockerTest(
  "lesson 23: a launch with scoped egress that is called off leaves nothing, whenever it is",
  async () => {
    await inOwnFolder(async () => {
      await using host = new Host();
      await using backend = await host.backend();
      await using _warm = await backend.launch({ image: IMAGES.busybox });
      const reason = new Error("not needed any more");
      let calledOff = 0;
      for (let afterMs = 0; afterMs < 600; afterMs += 40) {
        const controller = new AbortController();
        const { signal } = controller;
        const timer = setTimeout(() => controller.abort(reason), afterMs);
        try {
          const sandbox = await backend.launch(host.spec, { signal });
          await backend.destroy(sandbox);
        } catch (error) {
          assertEquals(error, reason);
          calledOff++;
        }
        clearTimeout(timer);
        assertEquals(await backend.containers(), 1, `${afterMs} ms`);
      }
      assert(calledOff > 0, "none was called off");
    });
  },
);

dockerTest(
  "lesson 23: sandbox and forwarder end with the process that launched them, killed or not",
  async () => {
    await inOwnFolder(async () => {
      const image = await forwarderImage();
      for (const ending of ["stay", "exit", "return"]) {
        const run = crypto.randomUUID();
        const child = new Deno.Command(Deno.execPath(), {
          args: [
            ...["run", "-A", "--no-check", "tests/docker/owner_program.ts"],
            ...[IMAGES.busybox, run, "1", `${HOUR_MS}`, ending, image],
          ],
          cwd: ROOT,
          stdout: "piped",
          stderr: "inherit",
          env: { NO_COLOR: "1" },
        }).spawn();
        const reader = child.stdout.getReader();
        const { value } = await reader.read();
        assertEquals(text(value!), "launched\n");
        await reader.cancel();
        if (ending === "stay") {
          assertEquals((await containersOf(run)).length, 2);
          child.kill("SIGKILL");
        }
        await child.status;
        await eventually(
          `the end of both containers of one that has to ${ending}`,
          async () => (await containersOf(run)).length === 0,
        );
      }
    });
  },
);

dockerTest(
  "scoped egress is refused where the engine has no forwarder, and nothing is left",
  async () => {
    await inOwnFolder(async () => {
      await using host = new Host();
      await using backend = await host.backend({
        forwarderImage: "localhost/zu-test/none:1",
      });
      const { code, message } = await assertRejects(
        () => backend.launch(host.spec),
        BackendError,
      );
      assertEquals(code, "network_refused", message);
      assert(/makeForwarderImage/.test(message), message);
      assertEquals(await backend.containers(), 0);
    });
  },
);

dockerTest(
  "scoped egress works with the permissions that its page names, and says which it misses",
  async () => {
    await inOwnFolder(async (folder) => {
      await using host = new Host();
      const socket = "/var/run/docker.sock";
      const flags = [
        "--allow-env",
        `--allow-read=${socket},${folder}`,
        `--allow-write=${socket},${folder}`,
        "--allow-net",
      ];
      const image = await forwarderImage();
      const runWith = async (flags: readonly string[]) => {
        const { code, stdout, stderr } = await new Deno.Command(
          Deno.execPath(),
          {
            args: [
              ...["run", "--no-prompt", "--no-check", "--quiet", ...flags],
              ...["tests/docker/egress_program.ts", IMAGES.busybox, image],
              host.allow,
            ],
            cwd: ROOT,
            env: { NO_COLOR: "1" },
          },
        ).output();
        return { code, stdout: text(stdout), stderr: text(stderr) };
      };
      const { code, stdout, stderr } = await runWith(flags);
      assertEquals([code, stdout], [0, "closed true\n"], stderr);
      const lesser = [
        flags.map((flag) => flag.replace(`,${folder}`, "")),
        flags.map((flag) =>
          flag === "--allow-net" ? `${flag}=unix:${socket},127.0.0.1` : flag
        ),
        ...flags.map((flag) => flags.filter((other) => other !== flag)),
      ];
      for (const flags of lesser) {
        const { code, stderr } = await runWith(flags);
        assert(code !== 0, `${flags} are enough`);
        assert(/engine_unavailable|--allow-/.test(stderr), stderr);
      }
    });
  },
);
