import type { Daemon } from "./daemon.ts";
import type { FakeContainer } from "./fake_container.ts";
import { mountsOf, sharedNetworkOf } from "./host_config.ts";
import type { Json } from "./http_request.ts";

/** How 20.10 writes a time that has not come. */
const NEVER = "0001-01-01T00:00:00Z";

/** What `GET /containers/{id}/json` shows, in the fields of 20.10. */
export function inspectContainer(
  daemon: Daemon,
  container: FakeContainer,
): Json {
  const [program, ...args] = container.argv;
  const execs = [...daemon.execs.values()].filter((exec) =>
    exec.container === container && exec.inspection()["ExitCode"] === null
  );
  return {
    Id: container.id,
    Created: timeOf(container.createdAt),
    Path: program,
    Args: args,
    State: {
      Status: container.status,
      Running: container.isRunning,
      Paused: false,
      Restarting: false,
      OOMKilled: container.isOutOfMemory,
      Dead: false,
      Pid: container.main?.pid ?? 0,
      ExitCode: container.exitCode,
      Error: container.error,
      StartedAt: timeOf(container.startedAt),
      FinishedAt: timeOf(container.finishedAt),
    },
    Image: container.image.id,
    Name: `/${container.name}`,
    RestartCount: 0,
    Driver: "overlay2",
    Platform: "linux",
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: "",
    ExecIDs: execs.length > 0 ? execs.map(({ id }) => id) : null,
    HostConfig: container.hostConfig,
    Mounts: mountsOf(container.hostConfig),
    Config: container.config,
    NetworkSettings: {
      Bridge: "",
      SandboxID: "",
      Ports: {},
      SandboxKey: "",
      IPAddress: "",
      Networks: networksOf(container),
    },
  };
}

/** What `GET /containers/json` shows of a container. */
export function summarizeContainer(container: FakeContainer): Json {
  return {
    Id: container.id,
    Names: [`/${container.name}`],
    Image: container.imageName,
    ImageID: container.image.id,
    Command: container.argv.join(" "),
    Created: Math.floor(container.createdAt / 1000),
    Ports: [],
    Labels: container.labels,
    State: container.status,
    Status: container.status === "running"
      ? "Up Less than a second"
      : container.status === "created"
      ? "Created"
      : `Exited (${container.exitCode}) Less than a second ago`,
    HostConfig: { NetworkMode: container.hostConfig["NetworkMode"] },
    NetworkSettings: { Networks: networksOf(container) },
    Mounts: mountsOf(container.hostConfig),
  };
}

/** A time as the engine writes it. */
export function timeOf(at: number | undefined): string {
  return at === undefined ? NEVER : new Date(at).toISOString();
}

/**
 * None with `NetworkDisabled`, or where it is another container's; else the one of
 * its mode, also of `none`.
 */
function networksOf({ config, hostConfig, isRunning }: FakeContainer): Json {
  if (config["NetworkDisabled"] === true) return {};
  if (sharedNetworkOf(hostConfig) !== undefined) return {};
  const mode = String(hostConfig["NetworkMode"]);
  const name = mode === "default" ? "bridge" : mode;
  const hasAddress = isRunning && name === "bridge";
  return {
    [name]: {
      IPAMConfig: null,
      Links: null,
      Aliases: null,
      NetworkID: "",
      EndpointID: "",
      Gateway: hasAddress ? "172.17.0.1" : "",
      IPAddress: hasAddress ? "172.17.0.2" : "",
      IPPrefixLen: hasAddress ? 16 : 0,
      IPv6Gateway: "",
      GlobalIPv6Address: "",
      GlobalIPv6PrefixLen: 0,
      MacAddress: hasAddress ? "02:42:ac:11:00:02" : "",
      DriverOpts: null,
    },
  };
}
