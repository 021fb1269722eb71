import { EVENT_FILTERS } from "./event_log.ts";
import { filtersOf } from "./filters.ts";
import type { Route } from "./routes.ts";

/** What the engine says of itself. */
export const SYSTEM_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/_ping",
    answer: ({ reply }) => reply.text(200, "OK"),
  },
  {
    method: "GET",
    path: "/version",
    answer: ({ reply }) =>
      reply.json(200, {
        Platform: { Name: "" },
        Components: [],
        Version: "20.10.24",
        ApiVersion: "1.41",
        MinAPIVersion: "1.12",
        Os: "linux",
        Arch: "amd64",
        KernelVersion: "6.1.0",
      }),
  },
  {
    method: "GET",
    path: "/info",
    answer: ({ daemon, reply }) => {
      const all = [...daemon.containers.values()];
      const running = all.filter(({ isRunning }) => isRunning).length;
      return reply.json(200, {
        ID: "FAKE",
        Containers: all.length,
        ContainersRunning: running,
        ContainersPaused: 0,
        ContainersStopped: all.length - running,
        Driver: "overlay2",
        MemoryLimit: true,
        SwapLimit: true,
        CpuCfsPeriod: true,
        CpuCfsQuota: true,
        PidsLimit: true,
        OomKillDisable: true,
        CgroupDriver: "cgroupfs",
        CgroupVersion: "1",
        KernelVersion: "6.1.0",
        OperatingSystem: "fake",
        OSType: "linux",
        Architecture: "x86_64",
        NCPU: 2,
        MemTotal: 8 * 1024 ** 3,
        Name: "fake",
        ServerVersion: "20.10.24",
        Runtimes: Object.fromEntries(
          daemon.runtimes.map((name) => [name, { path: name }]),
        ),
        DefaultRuntime: "runc",
        LiveRestoreEnabled: false,
        InitBinary: "docker-init",
        SecurityOptions: ["name=seccomp,profile=default"],
        Warnings: null,
      });
    },
  },
  {
    method: "GET",
    path: "/events",
    // Those that are past. The engine would also wait for the ones until `until`.
    answer: async ({ daemon, request, reply }) => {
      const { query } = request;
      const events = daemon.events.select(
        query.get("since"),
        query.get("until"),
        filtersOf(request, EVENT_FILTERS),
      );
      const lines = await reply.lines();
      for (const event of events) await lines.write(event);
      await lines.end();
    },
  },
];
