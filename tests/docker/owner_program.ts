// Launches sandboxes, says so, and goes on for ever: for tests of what becomes of
// them. Started with the image, the run's name and how many, by lifecycle_test.ts;
// and by egress_test.ts, which names the image of a forwarder.
import { LocalDockerBackend } from "../../backends/local_docker_backend.ts";

if (import.meta.main) {
  const [image, runId, count, ttlMs, ending, forwarderImage] = Deno.args;
  const backend = new LocalDockerBackend({
    runId: runId!,
    imagePolicy: { pull: "never" },
    ...(forwarderImage && { egress: { forwarderImage } }),
  });
  const spec = {
    image: image!,
    ttlMs: Number(ttlMs),
    ...(forwarderImage && { network: { egress: { allow: ["a.example"] } } }),
  };
  for (let i = 0; i < Number(count); i++) {
    const sandbox = await backend.launch(spec);
    // One of them is busy: it has to end all the same. Where the process is to
    // return by itself, none is, since that is what a process waits for.
    if (i === 0 && ending !== "return") {
      await backend.spawn(sandbox, ["sleep", "1000"]);
    }
  }
  console.log("launched");
  if (ending === "exit") Deno.exit(0);
  // Nothing but this keeps the process; a sandbox that is open does not.
  if (ending === "stay") setInterval(() => {}, 1_000);
}
