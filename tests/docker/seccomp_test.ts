import { assertEquals } from "@std/assert";
import { dockerTest, TestBackend, text } from "./_engine.ts";
import { IMAGES } from "./_images.ts";

dockerTest(
  "LocalDockerBackend filters system calls in every sandbox, and says with what",
  async () => {
    await using backend = new TestBackend();
    await using sandbox = await backend.launch({ image: IMAGES.busybox });
    assertEquals((await backend.posture(sandbox)).seccomp, "filter");
    // Refused without a capability, and by the filter first.
    const script = "unshare -n true; unshare -r true; mount -t tmpfs a /tmp";
    const { stderr } = await backend.run(sandbox, ["sh", "-c", script]);
    assertEquals(
      text(stderr).match(/Operation not permitted|permission denied/g)?.length,
      3,
      text(stderr),
    );
  },
);
