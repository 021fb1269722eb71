import { EngineError } from "./engine_error.ts";
import { isJson, type Json } from "./http_request.ts";

/** Paths that are hidden from a container that is not privileged. */
const MASKED_PATHS = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
];

/** Paths that such a container cannot write to. */
const READONLY_PATHS = [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
];

/** What 20.10 shows where a create request says nothing. */
const DEFAULTS: Json = {
  Binds: null,
  ContainerIDFile: "",
  LogConfig: { Type: "json-file", Config: {} },
  NetworkMode: "default",
  PortBindings: null,
  RestartPolicy: { Name: "", MaximumRetryCount: 0 },
  AutoRemove: false,
  VolumeDriver: "",
  VolumesFrom: null,
  CapAdd: null,
  CapDrop: null,
  CgroupnsMode: "host",
  Dns: null,
  DnsOptions: null,
  DnsSearch: null,
  ExtraHosts: null,
  GroupAdd: null,
  IpcMode: "private",
  Cgroup: "",
  Links: null,
  OomScoreAdj: 0,
  PidMode: "",
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  SecurityOpt: null,
  UTSMode: "",
  UsernsMode: "",
  ShmSize: 64 * 1024 * 1024,
  Runtime: "runc",
  ConsoleSize: [0, 0],
  Isolation: "",
  CpuShares: 0,
  Memory: 0,
  NanoCpus: 0,
  CgroupParent: "",
  CpuPeriod: 0,
  CpuQuota: 0,
  CpusetCpus: "",
  CpusetMems: "",
  Devices: null,
  DeviceCgroupRules: null,
  DeviceRequests: null,
  KernelMemory: 0,
  MemoryReservation: 0,
  MemorySwap: 0,
  MemorySwappiness: null,
  OomKillDisable: false,
  PidsLimit: null,
  Ulimits: null,
  MaskedPaths: MASKED_PATHS,
  ReadonlyPaths: READONLY_PATHS,
};

const MEMORY_MIN = 6 * 1024 * 1024;

/**
 * The host configuration of a new container: what was asked for, and what 20.10
 * fills in.
 *
 * @param asked What was asked for.
 * @param runtimes The runtimes that the engine has.
 * @throws {EngineError} If it would be refused.
 */
export function hostConfigOf(asked: Json, runtimes: readonly string[]): Json {
  const config: Json = { ...structuredClone(DEFAULTS) };
  for (const [name, value] of Object.entries(asked)) {
    if (value !== undefined) config[name] = value;
  }
  const memory = Number(config["Memory"]);
  if (memory > 0 && memory < MEMORY_MIN) {
    throw new EngineError(400, "Minimum memory limit allowed is 6MB");
  }
  // As much swap as memory, unless it is said how much of both there is.
  if (memory > 0 && config["MemorySwap"] === 0) {
    config["MemorySwap"] = memory * 2;
  }
  if (config["PidsLimit"] === 0) config["PidsLimit"] = null;
  if (config["NetworkMode"] === "") config["NetworkMode"] = "default";
  if (config["Runtime"] === "") config["Runtime"] = "runc";
  if (!runtimes.includes(String(config["Runtime"]))) {
    throw new EngineError(
      400,
      `Unknown runtime specified ${config["Runtime"]}`,
    );
  }
  if (config["Privileged"] === true) {
    config["MaskedPaths"] = null;
    config["ReadonlyPaths"] = null;
    config["SecurityOpt"] ??= ["label=disable"];
  }
  return config;
}

/**
 * Checks what 20.10 refuses beside another container's network.
 *
 * @param hostConfig The host configuration.
 * @param hostname The host's name that was asked for.
 * @throws {EngineError} If there is any of it.
 */
export function checkSharedNetwork(hostConfig: Json, hostname: unknown): void {
  if (sharedNetworkOf(hostConfig) === undefined) return;
  const given: readonly (readonly [string, boolean])[] = [
    ["hostname", typeof hostname === "string" && hostname !== ""],
    ["dns", listOf(hostConfig["Dns"]).length > 0],
    [
      "custom host-to-IP mapping",
      listOf(hostConfig["ExtraHosts"]).length > 0,
    ],
  ];
  const conflict = given.find(([, isGiven]) => isGiven);
  if (conflict === undefined) return;
  throw new EngineError(
    400,
    `conflicting options: ${conflict[0]} and the network mode`,
  );
}

/** The container whose network a container is to share, by its name or id. */
export function sharedNetworkOf(hostConfig: Json): string | undefined {
  const mode = String(hostConfig["NetworkMode"]);
  return mode.startsWith("container:")
    ? mode.slice("container:".length)
    : undefined;
}

/**
 * Checks that what is to be mounted is there.
 *
 * @throws {EngineError} If it is not.
 */
export function checkMountSources(hostConfig: Json): void {
  for (const asked of listOf(hostConfig["Mounts"]).filter(isJson)) {
    const { Type, Source } = asked;
    if (Type !== "bind" || isThere(String(Source))) continue;
    throw new EngineError(
      400,
      'invalid mount config for type "bind": bind source path does not exist: ' +
        Source,
    );
  }
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The mounts that an inspection shows for a host configuration. */
export function mountsOf(hostConfig: Json): Json[] {
  const binds = listOf(hostConfig["Binds"]).map((bind) => {
    const [source = "", target = "", mode = ""] = String(bind).split(":");
    const isReadOnly = mode.split(",").includes("ro");
    return mount("bind", source, target, mode, !isReadOnly);
  });
  const mounts = listOf(hostConfig["Mounts"]).filter(isJson).map((asked) =>
    mount(
      String(asked["Type"]),
      String(asked["Source"] ?? ""),
      String(asked["Target"]),
      "",
      asked["ReadOnly"] !== true,
    )
  );
  return [...binds, ...mounts];
}

function mount(
  Type: string,
  Source: string,
  Destination: string,
  Mode: string,
  RW: boolean,
): Json {
  const Propagation = Type === "bind" ? "rprivate" : "";
  return { Type, Source, Destination, Mode, RW, Propagation };
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
