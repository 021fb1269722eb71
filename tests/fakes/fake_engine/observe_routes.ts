import { EngineError, notRunning } from "./engine_error.ts";
import type { FakeContainer } from "./fake_container.ts";
import type { FakeProcess } from "./fake_process.ts";
import { filtersOf, hasLabel, lets } from "./filters.ts";
import { type EngineRequest, isOn, type Json } from "./http_request.ts";
import { summarizeContainer, timeOf } from "./inspect_container.ts";
import { notInTheFake, type Route } from "./routes.ts";

const encoder = new TextEncoder();

/** What can be seen of containers from outside. */
export const OBSERVE_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/containers/json",
    answer: ({ daemon, request, reply }) => {
      const filters = filtersOf(request, ["label", "id", "name", "status"]);
      const isAll = isOn(request, "all") || filters.has("status");
      const found = [...daemon.containers.values()].filter((container) =>
        (isAll || container.isRunning) &&
        lets(filters, "id", container.id) &&
        lets(filters, "name", container.name, `/${container.name}`) &&
        lets(filters, "status", container.status) &&
        hasLabel(filters, container.labels)
      );
      return reply.json(200, found.reverse().map(summarizeContainer));
    },
  },
  {
    method: "GET",
    path: "/containers/{name}/top",
    answer: ({ daemon, request, reply, name }) => {
      const container = daemon.container(name);
      if (!container.isRunning) throw notRunning(container.id);
      const psArgs = request.query.get("ps_args") || "-ef";
      const columns = psArgs === "-ef"
        ? ["uid", "pid", "ppid", "c", "stime", "tty", "time", "cmd"]
        : /^-?(?:e?o|axo) ?(\S+)$/.exec(psArgs)?.[1]?.split(",") ??
          notInTheFake(`ps ${psArgs}`);
      return reply.json(200, {
        Titles: columns.map((column) => columnOf(column).title),
        Processes: container.processes.map((process) =>
          columns.map((column) => columnOf(column).value(process))
        ),
      });
    },
  },
  {
    method: "GET",
    path: "/containers/{name}/stats",
    answer: ({ daemon, request, reply, name }) => {
      if (isOn(request, "stream") || !request.query.has("stream")) {
        notInTheFake("stream of stats");
      }
      return reply.json(200, statsOf(daemon.container(name), daemon.now()));
    },
  },
  {
    method: "GET",
    path: "/containers/{name}/changes",
    answer: ({ daemon, reply, name }) => {
      const { changes } = daemon.container(name);
      // 20.10 says null where nothing has changed.
      return reply.json(200, changes.length > 0 ? changes : null);
    },
  },
  {
    method: "GET",
    path: "/containers/{name}/logs",
    answer: ({ daemon, request, reply, name }) =>
      reply.pieces(logsOf(daemon.container(name), request)),
  },
];

function columnOf(name: string): {
  readonly title: string;
  readonly value: (of: FakeProcess) => string;
} {
  const command = ({ argv }: FakeProcess) => argv.join(" ");
  const user = ({ user }: FakeProcess) => user.split(":")[0] || "root";
  switch (name) {
    case "pid":
      return { title: "PID", value: ({ pid }) => String(pid) };
    case "ppid":
      return { title: "PPID", value: () => "1" };
    case "user":
    case "uid":
      return { title: name.toUpperCase(), value: user };
    case "cmd":
      return { title: "CMD", value: command };
    case "args":
    case "command":
      return { title: "COMMAND", value: command };
    case "comm":
      return { title: "COMMAND", value: ({ argv }) => argv[0] ?? "" };
    case "stat":
      return { title: "STAT", value: () => "S" };
    case "tty":
      return { title: "TTY", value: () => "?" };
    case "etimes":
      return { title: "ELAPSED", value: () => "0" };
    case "c":
    case "rss":
    case "vsz":
      return { title: name.toUpperCase(), value: () => "0" };
    case "stime":
    case "time":
      return { title: name.toUpperCase(), value: () => "00:00:00" };
    default:
      return notInTheFake(`column ${name}`);
  }
}

function statsOf(container: FakeContainer, now: number): Json {
  const { id, name, isRunning, hostConfig, processes } = container;
  const cpu = (total: number) => ({
    cpu_usage: {
      total_usage: total,
      usage_in_kernelmode: 0,
      usage_in_usermode: 0,
    },
    ...isRunning ? { system_cpu_usage: total * 10, online_cpus: 2 } : {},
    throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
  });
  return {
    read: timeOf(isRunning ? now : undefined),
    preread: timeOf(isRunning ? now - 1000 : undefined),
    pids_stats: isRunning ? { current: processes.length } : {},
    blkio_stats: { io_service_bytes_recursive: isRunning ? [] : null },
    num_procs: 0,
    storage_stats: {},
    cpu_stats: cpu(isRunning ? 20_000_000 : 0),
    precpu_stats: cpu(isRunning ? 10_000_000 : 0),
    memory_stats: isRunning
      ? {
        usage: 1024 * 1024,
        max_usage: 2 * 1024 * 1024,
        stats: { cache: 0, rss: 1024 * 1024 },
        limit: hostConfig["Memory"] || 8 * 1024 ** 3,
      }
      : {},
    name: `/${name}`,
    id,
  };
}

/** The lines that are wanted; all is known before the header is sent. */
function logsOf(
  { output }: FakeContainer,
  request: EngineRequest,
): Uint8Array[] {
  const { query } = request;
  if (isOn(request, "follow")) notInTheFake("logs that follow");
  const wanted = output.lines.filter(({ stream, at }) =>
    isOn(request, stream) &&
    at >= Number(query.get("since") || 0) * 1000 &&
    at <= (Number(query.get("until") || 0) * 1000 || Infinity)
  );
  if (!isOn(request, "stdout") && !isOn(request, "stderr")) {
    throw new EngineError(
      400,
      "Bad parameters: you must choose at least one stream",
    );
  }
  // What is no number is all, as in 20.10.
  const tail = query.get("tail") ?? "all";
  const from = /^\d+$/.test(tail)
    ? Math.max(0, wanted.length - Number(tail))
    : 0;
  return wanted.slice(from).map(({ stream, at, bytes }) => {
    const stamp = isOn(request, "timestamps")
      ? encoder.encode(`${timeOf(at)} `)
      : new Uint8Array();
    const line = new Uint8Array(stamp.length + bytes.length);
    line.set(stamp);
    line.set(bytes, stamp.length);
    return output.framed({ stream, bytes: line });
  });
}
