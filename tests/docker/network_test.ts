import { assert, assertEquals, assertRejects } from "@std/assert";
import { BackendError, type LaunchSpec } from "../../backends/mod.ts";
import { dockerTest, engine, TestBackend, text } from "./_engine.ts";
import { IMAGES } from "./_images.ts";

const IMAGE = IMAGES.busybox;
const UNRESTRICTED = { unrestricted: true } as const;

/** What there is of a network, as seen from within. */
const LOOK = "ls /sys/class/net; cat /proc/net/dev | tail -n +3 | wc -l; " +
  "tail -n +2 /proc/net/route; cat /proc/net/ipv6_route | grep -v ' lo$'; " +
  "cat /etc/resolv.conf; wc -l < /proc/net/arp; " +
  // Each of these fails at once, since nothing leads anywhere.
  "nc -w 1 192.0.2.1 80 2>&1; nslookup example.com 127.0.0.11 2>&1 | head -n 1; " +
  "ping -c 1 -W 1 198.51.100.1 2>&1 | tail -n 1";

dockerTest(
  "LocalDockerBackend gives a sandbox no network, and no trace of the host's",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({ image: IMAGE });
    const { stdout } = await backend.run(sandbox, ["sh", "-c", LOOK]);
    const lines = text(stdout).trim().split("\n");
    assertEquals(lines.slice(0, 3), ["lo", "1", "1"]);
    assert(/unreachable/.test(lines[3]!), lines[3]);
    assertEquals((await backend.posture(sandbox)).interfaces, ["lo"]);
  },
);

dockerTest(
  "NetworkDisabled beside the mode none is as tight as the mode alone, and hides the host's name server",
  async () => {
    const look = async (networkDisabled: boolean) => {
      const { Id } = await engine.json<{ Id: string }>({
        method: "POST",
        path: "/containers/create",
        body: {
          Image: IMAGE,
          Entrypoint: ["sleep"],
          Cmd: ["60"],
          NetworkDisabled: networkDisabled,
          HostConfig: { NetworkMode: "none", Init: true, AutoRemove: true },
        },
        what: "create",
      });
      const path = `/containers/${Id}`;
      try {
        await engine.json({
          method: "POST",
          path: `${path}/start`,
          what: "start",
        });
        const { Id: exec } = await engine.json<{ Id: string }>({
          method: "POST",
          path: `${path}/exec`,
          body: {
            Cmd: ["sh", "-c", `readlink /proc/self/ns/net; ${LOOK}`],
            AttachStdout: true,
            AttachStderr: true,
          },
          what: "look",
        });
        const socket = await engine.hijack({
          method: "POST",
          path: `/exec/${exec}/start`,
          body: { Detach: false, Tty: true },
          what: "look",
        });
        let said = "";
        for await (const chunk of socket) said += text(chunk);
        const { NetworkSettings } = await engine.json<
          { NetworkSettings: { Ports: unknown; IPAddress: string } }
        >({ method: "GET", path: `${path}/json`, what: "look" });
        const [namespace, ...lines] = said.replaceAll("\r", "").split("\n");
        return {
          namespace: namespace!.slice(namespace!.indexOf("net:")),
          lines: lines.filter((line) =>
            !/nameserver|search|options|^#/.test(line)
          ),
          hasNameServer: /nameserver/.test(said),
          address: NetworkSettings.IPAddress,
        };
      } finally {
        await engine.json({
          method: "DELETE",
          path,
          query: { force: true },
          what: "remove",
        });
      }
    };
    const own = await Deno.readLink("/proc/self/ns/net").catch(() => "unknown");
    const [alone, beside] = [await look(false), await look(true)];
    assertEquals(beside.lines, alone.lines);
    assertEquals([alone.address, beside.address], ["", ""]);
    assertEquals(beside.hasNameServer, false);
    for (const { namespace } of [alone, beside]) {
      assert(/^net:\[\d+\]/.test(namespace), namespace);
      assert(namespace !== own, "it is in the host's namespace");
    }
  },
);

dockerTest(
  "lesson 25: LocalDockerBackend opens the network for the tier render alone, by opt-in, and says so",
  async () => {
    const tiers = { render: { image: IMAGE }, code: { image: IMAGE } };
    const refuses = async (backend: TestBackend, spec: LaunchSpec) => {
      const error = await assertRejects(
        () => backend.launch(spec),
        BackendError,
      );
      assertEquals(error.code, "network_refused", error.message);
      assertEquals(await backend.containers(), 0);
    };
    await using closed = new TestBackend({
      tiers,
      allowUnrestrictedEgress: false,
    });
    await using open = new TestBackend({
      tiers,
      allowUnrestrictedEgress: true,
    });
    const render = { tier: "render", network: UNRESTRICTED };
    await refuses(closed, render);
    await refuses(open, { tier: "code", network: UNRESTRICTED });
    await refuses(open, { image: IMAGE, network: UNRESTRICTED });
    // Nor a scoped one for another tier, without the option that grants it to all.
    const scoped = { egress: { allow: ["example.com"] } };
    await refuses(open, { tier: "code", network: scoped });
    await refuses(open, { image: IMAGE, network: scoped });
    await using sandbox = await open.launch({
      ...render,
      extraHosts: { "pinned.example": "192.0.2.7" },
      dns: ["192.0.2.53"],
    });
    assertEquals(open.warnings.length, 1);
    assert(/unrestricted/.test(open.warnings[0]!));
    const script =
      "ls /sys/class/net; grep pinned /etc/hosts; cat /etc/resolv.conf";
    const { stdout } = await open.run(sandbox, ["sh", "-c", script]);
    assert(
      /^eth0\nlo\n192\.0\.2\.7\s+pinned\.example/.test(text(stdout)),
      text(stdout),
    );
    assert(/nameserver 192\.0\.2\.53/.test(text(stdout)));
    await using none = await open.launch({ tier: "render" });
    assertEquals((await open.posture(none)).interfaces, ["lo"]);
  },
);
