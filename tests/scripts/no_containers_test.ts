import { assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import {
  describeContainer,
  leftOver,
  type ListedContainer,
} from "../../scripts/no_containers.ts";
import { clientOf } from "../fakes/fake_engine/_client.ts";
import { FakeEngine } from "../fakes/fake_engine/fake_engine.ts";

const SCRIPT = fileURLToPath(
  new URL("../../scripts/no_containers.ts", import.meta.url),
);
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));
const BOX = { Image: "box", Cmd: ["sleep", "1"] };
const OURS = { "zu.backend": "local-docker", "zu.run": "run-1" };

const CONTAINER: ListedContainer = {
  Id: "0123456789abcdef",
  Names: ["/zu-1"],
  Status: "Up 2 minutes",
  Labels: { ...OURS, "zu.owner.pid": "42" },
};

/** Runs the script on the engine at a socket, without patience. */
async function look(socketPath: string, required = "0") {
  const output = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--config", CONFIG, "-RWE", "--allow-net", "--no-prompt"],
      ...[SCRIPT, "0"],
    ],
    env: {
      DOCKER_HOST: `unix://${socketPath}`,
      ZU_REQUIRE_DOCKER: required,
      NO_COLOR: "1",
    },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return {
    code: output.code,
    text: decoder.decode(output.stdout) + decoder.decode(output.stderr),
  };
}

Deno.test("describeContainer tells whose a container is, as far as its labels do", () => {
  assertEquals(
    describeContainer(CONTAINER),
    "0123456789ab zu-1: Up 2 minutes, run run-1, owner pid 42",
  );
  const bare = { ...CONTAINER, Names: [], Labels: {} };
  assertStringIncludes(describeContainer(bare), "run unknown");
});

Deno.test("leftOver waits for what is going, and returns what stays", async () => {
  let looks = 0;
  const going = () => Promise.resolve(looks++ < 2 ? [CONTAINER] : []);
  assertEquals(await leftOver(going, 60_000), []);
  assertEquals(looks, 3);
  const staying = () => Promise.resolve([CONTAINER]);
  assertEquals(await leftOver(staying, 0), [CONTAINER]);
});

Deno.test({
  name:
    "no_containers fails on a container of ours, also one that does not run, and names it",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using engine = await FakeEngine.start({ images: { box: {} } });
    const docker = clientOf(engine);
    await docker.createContainer({ ...BOX, Labels: { other: "1" } });
    assertEquals((await look(engine.socketPath)).code, 0);
    const { id } = await docker.createContainer({ ...BOX, Labels: OURS });
    const { code, text } = await look(engine.socketPath);
    assertEquals(code, 1, text);
    assertStringIncludes(text, id.slice(0, 12));
    assertStringIncludes(text, "run run-1");
  },
});

Deno.test({
  name: "no_containers skips where no engine answers, unless one is required",
  ignore: Deno.build.os === "windows",
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const path = `${folder}/docker.sock`;
      const { code, text } = await look(path);
      assertEquals(code, 77, text);
      assertStringIncludes(
        text,
        `skipped: cannot list the containers at unix://${path}`,
      );
      assertEquals((await look(path, "1")).code, 1);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "no_containers fails where an engine answers with an error",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using engine = await FakeEngine.start();
    engine.fault({ kind: "500", path: /./, message: "out of order" });
    const { code, text } = await look(engine.socketPath);
    assertEquals(code, 1, text);
    assertStringIncludes(text, "out of order");
  },
});
