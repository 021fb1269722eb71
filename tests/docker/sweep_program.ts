// Sweeps, with every permission, and prints what was removed: started by
// lifecycle_test.ts, whose own permissions do not show it other processes.
import { LocalDockerBackend } from "../../backends/local_docker_backend.ts";

if (import.meta.main) {
  await using backend = new LocalDockerBackend();
  console.log(JSON.stringify(await backend.sweep()));
}
