// An image that somebody removes.
import { assertEquals } from "@std/assert";
import { connect } from "../../../backends/local_docker/connect.ts";
import { findEngine } from "../../../backends/local_docker/engine_address.ts";
import { exists, readEnv } from "../../../backends/local_docker/environment.ts";
import { engine } from "../_engine.ts";
import { makeOwnImage } from "../_images.ts";
import {
  assertWorks,
  failsWith,
  type Fault,
  launch,
  type World,
} from "./_world.ts";

/** While sandboxes of it run, and before the next is launched. */
export const whileItIsUsed: Fault = async (world: World): Promise<void> => {
  const client = await connect(
    await findEngine({ env: readEnv, exists, os: Deno.build.os }),
  );
  const image = await makeOwnImage(client, `own-${world.backend.runId}`);
  const remove = () =>
    engine.json({
      method: "DELETE",
      path: `/images/${image}`,
      query: { force: true },
      what: "remove an image",
    });
  try {
    await using sandbox = await launch(world, { image });
    await assertWorks(world, sandbox);
    // The name goes at once, and the files with the last container.
    await remove();
    await assertWorks(world, sandbox);
    const next = () => launch(world, { image });
    const { message } = await failsWith("image_unavailable", next);
    assertEquals(message.includes(image), true, message);
    assertEquals(await world.backend.containers(), 1);
    await assertWorks(world, sandbox);
    await makeOwnImage(client, `own-${world.backend.runId}`);
    await using again = await next();
    await assertWorks(world, again);
  } finally {
    await remove().catch(() => {});
  }
};
