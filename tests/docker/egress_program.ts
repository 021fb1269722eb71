// Launches a sandbox with scoped egress, and prints how an attempt came out: run by
// egress_test.ts with exactly the permissions that are said to be enough.
import { LocalDockerBackend } from "../../backends/local_docker_backend.ts";

if (import.meta.main) {
  const [image, forwarderImage, allow] = Deno.args as [string, string, string];
  await using backend = new LocalDockerBackend({
    imagePolicy: { pull: "never" },
    egress: {
      forwarderImage,
      treatAsPublic: ["127.0.0.1/32"],
      resolve: () => Promise.resolve(["127.0.0.1"]),
      onAttempt: ({ reason, bytes_in }) => console.log(reason, bytes_in > 0),
    },
  });
  await using sandbox = await backend.launch({
    image,
    network: { egress: { allow: [allow] } },
  });
  await backend.run(sandbox, ["wget", "-q", "-O", "-", `http://${allow}/`]);
}
