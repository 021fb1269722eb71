import { assertEquals } from "@std/assert";
import { engineClient } from "../../../examples/demo/engine_client.ts";
import { FakeEngine } from "../../fakes/fake_engine/fake_engine.ts";

Deno.test({
  name: "engineClient goes where DOCKER_HOST says, blanks around it or not",
  ignore: Deno.build.os === "windows",
  async fn() {
    const before = Deno.env.get("DOCKER_HOST");
    await using engine = await FakeEngine.start();
    try {
      const host = `unix://${engine.socketPath}`;
      for (const value of [host, ` ${host} `]) {
        Deno.env.set("DOCKER_HOST", value);
        const client = await engineClient();
        const filters = { label: ["zu.run=none"] };
        assertEquals(await client.listContainers({ all: true, filters }), []);
      }
    } finally {
      if (before === undefined) Deno.env.delete("DOCKER_HOST");
      else Deno.env.set("DOCKER_HOST", before);
    }
    assertEquals(engine.requests.map(({ path }) => path), [
      "/containers/json",
      "/containers/json",
    ]);
  },
});
