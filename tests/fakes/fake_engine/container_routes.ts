import { containerConfigOf } from "./container_config.ts";
import { type Daemon, newId } from "./daemon.ts";
import { EngineError } from "./engine_error.ts";
import { FakeContainer } from "./fake_container.ts";
import {
  checkMountSources,
  checkSharedNetwork,
  hostConfigOf,
  sharedNetworkOf,
} from "./host_config.ts";
import { type EngineRequest, isJson, isOn, jsonBody } from "./http_request.ts";
import { inspectContainer } from "./inspect_container.ts";
import type { Call, Route } from "./routes.ts";

/** The life of containers. */
export const CONTAINER_ROUTES: readonly Route[] = [
  {
    method: "POST",
    path: "/containers/create",
    answer: ({ daemon, request, reply }) => {
      const { id } = createContainer(daemon, request);
      return reply.json(201, { Id: id, Warnings: daemon.warnings });
    },
  },
  {
    method: "POST",
    path: "/containers/{name}/start",
    answer: ({ daemon, reply, name }) =>
      reply.empty(daemon.container(name).start() ? 204 : 304),
  },
  {
    method: "GET",
    path: "/containers/{name}/json",
    answer: ({ daemon, reply, name }) =>
      reply.json(200, inspectContainer(daemon, daemon.container(name))),
  },
  {
    method: "POST",
    path: "/containers/{name}/kill",
    answer: async ({ daemon, request, reply, name }) => {
      const signal = request.query.get("signal") || "SIGKILL";
      const container = daemon.find(name);
      if (container === undefined) {
        throw new EngineError(
          404,
          `Cannot kill container: ${name}: No such container: ${name}`,
        );
      }
      await container.kill(signal);
      await reply.empty(204);
    },
  },
  {
    method: "POST",
    path: "/containers/{name}/stop",
    answer: async ({ daemon, reply, name }) => {
      const container = daemon.container(name);
      if (!container.isRunning) return await reply.empty(304);
      await container.stop();
      await reply.empty(204);
    },
  },
  {
    method: "DELETE",
    path: "/containers/{name}",
    answer: async ({ daemon, request, reply, name }) => {
      const container = daemon.container(name);
      if (container.isRunning && !isOn(request, "force")) {
        throw new EngineError(
          409,
          `You cannot remove a running container ${container.id}. Stop the ` +
            "container before attempting removal or force remove",
        );
      }
      await container.remove();
      await reply.empty(204);
    },
  },
  { method: "POST", path: "/containers/{name}/wait", answer: waitForEnd },
];

function createContainer(
  daemon: Daemon,
  request: EngineRequest,
): FakeContainer {
  const asked = jsonBody(request);
  const id = newId();
  const name = request.query.get("name") || `fake_${id.slice(0, 12)}`;
  const imageName = String(asked["Image"] ?? "");
  const image = daemon.images.find(imageName);
  // In the order of 20.10: the first of these is what it complains of.
  if (image === undefined) {
    throw new EngineError(404, `No such image: ${imageName}`);
  }
  const config = containerConfigOf(id, asked, image);
  const { HostConfig } = asked;
  const hostConfig = hostConfigOf(
    isJson(HostConfig) ? HostConfig : {},
    daemon.runtimes,
  );
  checkSharedNetwork(hostConfig, asked["Hostname"]);
  checkMountSources(hostConfig);
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) {
    throw new EngineError(
      400,
      `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are ` +
        "allowed",
    );
  }
  const owner = [...daemon.containers.values()]
    .find((container) => container.name === name);
  if (owner !== undefined) {
    throw new EngineError(
      409,
      `Conflict. The container name "/${name}" is already in use by container ` +
        `"${owner.id}". You have to remove (or rename) that container to be ` +
        "able to reuse that name.",
    );
  }
  // The id in place of a name; one that is not there is found out at the start.
  const shared = daemon.find(sharedNetworkOf(hostConfig) ?? "");
  if (shared !== undefined) {
    hostConfig["NetworkMode"] = `container:${shared.id}`;
  }
  const spec = { id, name, image, imageName, config, hostConfig };
  const container = new FakeContainer(daemon, spec);
  daemon.containers.set(id, container);
  daemon.events.container(container, "create");
  daemon.changed();
  return container;
}

/** The header comes at once, the end when it comes. */
async function waitForEnd(
  { daemon, request, reply, name }: Call,
): Promise<void> {
  const container = daemon.container(name);
  const condition = request.query.get("condition") || "not-running";
  const end = condition === "removed"
    ? container.removed
    : condition === "next-exit" || container.isRunning
    ? container.stopped
    : Promise.resolve();
  const lines = await reply.lines();
  await Promise.race([end, reply.gone]);
  await lines.write({ Error: null, StatusCode: container.exitCode });
  await lines.end();
}
