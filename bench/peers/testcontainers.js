// testcontainers, told to launch, exec and clean up. Its reaper is off: that
// takes an image of a registry, and cleaning up is what is measured.
import { GenericContainer } from "testcontainers";
import { serve } from "./_serve.js";

let container;

async function timed(run) {
  const start = performance.now();
  const value = await run();
  return { ms: performance.now() - start, value };
}

await serve({
  async launch({ image, command, user }) {
    const { ms, value } = await timed(() =>
      new GenericContainer(image).withCommand(command).withUser(user)
        .withNetworkMode("none").start()
    );
    container = value;
    return ms;
  },
  async exec({ argv }) {
    const { ms, value } = await timed(() => container.exec(argv));
    if (value.exitCode !== 0) throw new Error(`ended with ${value.exitCode}`);
    return ms;
  },
  async stop() {
    const { ms } = await timed(() =>
      container.stop({ timeout: 0, remove: true })
    );
    container = undefined;
    return ms;
  },
});
