import { assert, assertEquals, assertMatch } from "@std/assert";
import { FORWARDER_SOCKET } from "../../backends/egress/forwarder_contract.ts";
import { makeForwarderImage } from "../../backends/forwarder_image.ts";
import { connect } from "../../backends/local_docker/connect.ts";
import { findEngine } from "../../backends/local_docker/engine_address.ts";
import { exists, readEnv } from "../../backends/local_docker/environment.ts";
import { Leash } from "../../backends/local_docker/leash.ts";
import { READY } from "../../backends/local_docker/inside.ts";
import { rejectsWith } from "../backends/_rejects_with.ts";
import { echoAtEnd, Server } from "../backends/egress/_forwarder.ts";
import { dockerTest, engine, eventually } from "./_engine.ts";
import { IMAGES } from "./_images.ts";

/** Removes an image, or only a name of one that has others. */
async function removeImage(name: string): Promise<void> {
  await engine.json({
    method: "DELETE",
    path: `/images/${name}`,
    query: { force: true },
    what: `remove ${name}`,
    codes: { 404: "image_unavailable" },
  }).catch((error) => {
    if (error.code !== "image_unavailable") throw error;
  });
}

/** Runs a test with a name for an image, which is gone afterwards. */
function imageTest(name: string, test: (image: string) => Promise<void>): void {
  dockerTest(name, async () => {
    const image = `localhost/zu-test/forwarder-${crypto.randomUUID()}:1`;
    try {
      await test(image);
    } finally {
      await removeImage(image);
    }
  });
}

/** Runs a container until the test is over. */
async function withContainer(
  config: Record<string, unknown>,
  test: (id: string, leash: Leash) => Promise<void>,
): Promise<void> {
  const { Id: id } = await engine.json<{ Id: string }>({
    method: "POST",
    path: "/containers/create",
    body: {
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      OpenStdin: true,
      StdinOnce: true,
      ...config,
    },
    what: "create the container",
  }, { Id: "string" });
  let leash: Leash | undefined;
  try {
    leash = await Leash.attach(engine, id, new AbortController().signal);
    const start = `/containers/${id}/start`;
    await engine.json({ method: "POST", path: start, what: "start it" });
    await test(id, leash);
  } finally {
    leash?.release();
    await engine.json({
      method: "DELETE",
      path: `/containers/${id}`,
      query: { force: true, v: true },
      what: "remove the container",
    });
  }
}

/** A forwarder as the design has it. */
function forwarderConfig(image: string, socket: string, ...args: string[]) {
  return {
    Image: image,
    Cmd: [READY, ...args],
    NetworkDisabled: true,
    HostConfig: {
      NetworkMode: "none",
      Init: true,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      ReadonlyRootfs: true,
      Memory: 256 * 1024 * 1024,
      PidsLimit: 64,
      Mounts: [{
        Type: "bind",
        Source: socket,
        Target: FORWARDER_SOCKET,
        ReadOnly: true,
      }],
    },
  };
}

/** A server at a socket of the host that every user of a container may use. */
async function withServer(
  test: (socket: string, server: Server) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const socket = `${folder}/egress.sock`;
    await using server = new Server(socket, echoAtEnd);
    await Deno.chmod(socket, 0o666);
    await test(socket, server);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

imageTest(
  "makeForwarderImage makes an image that forwards from loopback alone, and ends with its leash",
  async (image) => {
    const made = await makeForwarderImage({ image });
    assertEquals([made.image, made.made], [image, true]);
    assertEquals(await makeForwarderImage({ image }), { ...made, made: false });
    await withServer((socket, server) =>
      withContainer(
        forwarderConfig(made.id, socket, "16", "60000"),
        async (id, leash) => {
          const { isReady, text } = await leash.readUntilReady();
          assert(isReady, text);
          assertEquals(text, `${READY}\n`);
          // It knows that it is connected before the server here does.
          await eventually("its look", () => server.taken === 1);
          // What is mounted stays when its name is gone.
          await Deno.remove(socket);
          const ask = {
            Image: IMAGES.busybox,
            Entrypoint: ["/bin/sh", "-c"],
            Cmd: [
              `echo there and back | nc 127.0.0.1 3128; echo ${READY}; cat`,
            ],
            HostConfig: { NetworkMode: `container:${id}` },
          };
          await withContainer(ask, async (_, client) => {
            const said = await client.readUntilReady();
            assertEquals(said.text, `there and back\n${READY}\n`);
          });
          assertEquals(server.taken, 2);
          const inspect = () =>
            engine.json<{ State: { Running: boolean; ExitCode: number } }>({
              method: "GET",
              path: `/containers/${id}/json`,
              what: "look at the forwarder",
            });
          assert((await inspect()).State.Running);
          leash.release();
          await eventually(
            "the forwarder ends with its leash",
            async () => !(await inspect()).State.Running,
          );
          assertEquals((await inspect()).State.ExitCode, 0);
        },
      )
    );
  },
);

imageTest(
  "makeForwarderImage makes an image without a shell, whose user owns nothing",
  async (image) => {
    const { id } = await makeForwarderImage({ image });
    const { Config, Size } = await engine.json<{
      Config: { User: string; Env: string[]; Volumes: unknown };
      Size: number;
    }>({ method: "GET", path: `/images/${id}/json`, what: "look at it" });
    assertEquals(Config.User, "65533:65533");
    assertEquals(Config.Volumes ?? null, null);
    assert(Config.Env.includes("DENO_NO_UPDATE_CHECK=1"), Config.Env.join());
    const { size } = await Deno.stat(Deno.execPath());
    assert(Size < size + 20_000_000, `it has ${Size} bytes`);
  },
);

imageTest(
  "makeForwarderImage leaves another image of the name, unless it is to be replaced",
  async (image) => {
    const [repo, tag] = image.split(/:(?=1$)/);
    await engine.json({
      method: "POST",
      path: `/images/${IMAGES.busybox}/tag`,
      query: { repo, tag },
      what: "give an image another name",
    });
    await rejectsWith(
      makeForwarderImage({ image }),
      "image_refused",
      "replace",
    );
    const { made } = await makeForwarderImage({ image, replace: true });
    assert(made);
    // It still has its own name.
    const path = `/images/${IMAGES.busybox}/json`;
    await engine.json({ method: "GET", path, what: "find the other image" });
  },
);

imageTest(
  "makeForwarderImage leaves nothing when it is ended while it sends",
  async (image) => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const client = await connect(
      await findEngine({ env: readEnv, exists, os: Deno.build.os }),
    );
    const making = makeForwarderImage({
      image,
      signal: controller.signal,
      docker: {
        modem: {
          dial: (options, callback) => {
            if (options.path.startsWith("/images/create")) {
              queueMicrotask(() => controller.abort(reason));
            }
            client.modem.dial(options, callback);
          },
        },
      },
    });
    assertEquals(await making.catch((error) => error), reason);
    await rejectsWith(
      engine.json({
        method: "GET",
        path: `/images/${image}/json`,
        what: "find it",
        codes: { 404: "image_unavailable" },
      }),
      "image_unavailable",
    );
  },
);

imageTest(
  "the program makes an image with the permissions that it claims, and needs each",
  async (image) => {
    const socket = "/var/run/docker.sock";
    const flags = [
      "--allow-read",
      `--allow-write=${socket}`,
      `--allow-net=unix:${socket}`,
      "--allow-env",
    ];
    const module = new URL(
      "../../backends/forwarder_image.ts",
      import.meta.url,
    );
    const run = async (flags: readonly string[]) => {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "--no-prompt",
          "--quiet",
          ...flags,
          module.href,
          "--image",
          image,
        ],
        env: { NO_COLOR: "1" },
      }).output();
      const decoder = new TextDecoder();
      return {
        code,
        stdout: decoder.decode(stdout),
        stderr: decoder.decode(stderr),
      };
    };
    for (const flag of flags) {
      const without = await run(flags.filter((other) => other !== flag));
      assert(without.code !== 0, `it does not need ${flag}`);
      assertMatch(without.stderr, /^error: .*--allow-/);
    }
    const { code, stdout, stderr } = await run(flags);
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /^\S+ sha256:[0-9a-f]{64}\n$/);
    assertEquals(stdout.split(" ")[0], image);
  },
);
