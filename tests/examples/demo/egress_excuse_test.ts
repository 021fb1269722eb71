import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { BackendError } from "@zu/backends/backends";
import {
  FORWARDER_IMAGE,
  whyNoEgress,
} from "../../../examples/demo/egress_excuse.ts";
import type { EngineClient } from "../../../examples/demo/engine_client.ts";

const { signal } = new AbortController();
const made: unknown[] = [];

type Make = NonNullable<Parameters<typeof whyNoEgress>[2]>;
const make: Make = (options) => {
  made.push(options);
  return Promise.resolve({ image: "", id: "", made: true });
};

function clientOf(OperatingSystem: string): EngineClient {
  const never = () => Promise.reject(new Error("asked for"));
  return {
    getImage: () => ({ inspect: never }),
    importImage: never,
    listContainers: never,
    info: () => Promise.resolve({ OperatingSystem }),
  };
}

/** Has variables say something else meanwhile. */
async function withEnv(
  env: Record<string, string>,
  use: () => Promise<void>,
): Promise<void> {
  const before = Object.keys(env).map((name) =>
    [name, Deno.env.get(name)] as const
  );
  for (const [name, value] of Object.entries(env)) Deno.env.set(name, value);
  try {
    await use();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  }
}

const HERE = { DOCKER_HOST: "unix:///var/run/docker.sock" };
const ignore = Deno.build.os === "windows";

Deno.test({
  name: "whyNoEgress makes the forwarder's image where nothing is in the way",
  ignore,
  fn: () =>
    withEnv(HERE, async () => {
      made.length = 0;
      assertEquals(
        await whyNoEgress(clientOf("Debian"), signal, make),
        undefined,
      );
      assertEquals(made, [{ image: FORWARDER_IMAGE, replace: true, signal }]);
    }),
});

Deno.test("whyNoEgress says that an engine elsewhere cannot have the socket", async () => {
  made.length = 0;
  await withEnv({ DOCKER_HOST: "tcp://engine.example:2376" }, async () => {
    const why = await whyNoEgress(clientOf("Debian"), signal, make);
    assertStringIncludes(why ?? "", "tcp://engine.example:2376");
  });
  await withEnv(HERE, async () => {
    const why = await whyNoEgress(clientOf("Docker Desktop"), signal, make);
    assertStringIncludes(why ?? "", "Docker Desktop, in a virtual machine");
  });
  assertEquals(made, []);
});

Deno.test({
  name: "whyNoEgress says that no socket fits into the temporary folder",
  ignore,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "a".repeat(80) });
    try {
      await withEnv({ ...HERE, TMPDIR: folder }, async () => {
        const why = await whyNoEgress(clientOf("Debian"), signal, make);
        assertStringIncludes(why ?? "", `no socket can be made in ${folder}`);
      });
      assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
      await withEnv({ ...HERE, TMPDIR: `${folder}/missing` }, async () => {
        const why = await whyNoEgress(clientOf("Debian"), signal, make);
        assertStringIncludes(why ?? "", "in the folder of temporary files");
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name:
    "whyNoEgress excuses a Deno of which there is no forwarder, and nothing else",
  ignore,
  fn: () =>
    withEnv(HERE, async () => {
      const failing = (error: Error): Make => () => Promise.reject(error);
      const excuse = new BackendError("unsupported", "there is no glibc");
      const client = clientOf("Debian");
      assertEquals(
        await whyNoEgress(client, signal, failing(excuse)),
        "there is no glibc",
      );
      for (
        const error of [
          new BackendError("engine_failed", "the disk is full"),
          new DOMException("Interrupted", "AbortError"),
          new TypeError("a fault"),
        ]
      ) {
        const caught = await assertRejects(
          () => whyNoEgress(client, signal, failing(error)),
        );
        assertEquals(caught, error);
      }
    }),
});
