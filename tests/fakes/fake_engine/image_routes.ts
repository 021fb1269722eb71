import { EngineError } from "./engine_error.ts";
import type { Route } from "./routes.ts";

/** A layer's size in the pulls of the fake. */
const LAYER_BYTES = 1024;

/** Images. */
export const IMAGE_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/images/{name}/json",
    answer: ({ daemon, reply, name }) => {
      const image = daemon.images.find(name);
      if (image === undefined) {
        throw new EngineError(
          404,
          `no such image: ${name}: No such image: ${name}`,
        );
      }
      return reply.json(200, {
        Id: image.id,
        RepoTags: image.name.includes("@") ? [] : [image.name],
        RepoDigests: image.digests ?? [],
        Os: "linux",
        Architecture: "amd64",
        Size: LAYER_BYTES,
        Config: {
          User: image.user ?? "",
          Env: image.env ?? null,
          Entrypoint: image.entrypoint ?? null,
          Cmd: image.cmd ?? null,
          WorkingDir: image.workdir ?? "",
          Labels: image.labels ?? null,
          Volumes: null,
        },
      });
    },
  },
  {
    method: "POST",
    path: "/images/create",
    answer: async ({ daemon, request, reply }) => {
      const from = request.query.get("fromImage") ?? "";
      const tag = request.query.get("tag") ?? "";
      const repository = from.split("@")[0]!;
      if (from === "") throw new EngineError(400, "invalid reference format");
      if (repository !== repository.toLowerCase()) {
        throw new EngineError(
          400,
          "invalid reference format: repository name must be lowercase",
        );
      }
      const separator = tag.startsWith("sha256:") ? "@" : ":";
      const name = tag === "" ? from : `${from}${separator}${tag}`;
      const { pullError, ...image } = daemon.images.remote(name);
      const lines = await reply.lines();
      const layer = "0123456789ab";
      await lines.write({
        status: `Pulling from ${from}`,
        id: tag || "latest",
      });
      await lines.write({
        status: "Pulling fs layer",
        progressDetail: {},
        id: layer,
      });
      for (const part of [LAYER_BYTES / 2, LAYER_BYTES]) {
        await lines.write({
          status: "Downloading",
          progressDetail: { current: part, total: LAYER_BYTES },
          progress: `${part}B/${LAYER_BYTES}B`,
          id: layer,
        });
      }
      if (pullError !== undefined) {
        await lines.write({
          errorDetail: { message: pullError },
          error: pullError,
        });
        return await lines.end();
      }
      daemon.images.add(name, image);
      daemon.events.image(name, "pull");
      await lines.write({
        status: "Pull complete",
        progressDetail: {},
        id: layer,
      });
      await lines.write({
        status: `Status: Downloaded newer image for ${name}`,
      });
      await lines.end();
    },
  },
];
