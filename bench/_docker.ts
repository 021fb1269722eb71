// LocalDockerBackend beside dockerode and the docker command, on a real engine.
import { LocalDockerBackend } from "../backends/local_docker_backend.ts";
import { findDocker, SPEC } from "./_docker_engine.ts";
import { runRow, shellRows } from "./_docker_exec.ts";
import { launchRow, manyRow, poolRow } from "./_docker_launch.ts";
import { memoryRows } from "./_docker_memory.ts";
import type { Row } from "./_table.ts";

/** Every row of the table that is about Docker, or why there is none. */
export async function dockerRows(): Promise<Row[] | string> {
  const found = await findDocker();
  if (typeof found === "string") return found;
  const { docker, name } = found;
  console.log(`\n${name}`);
  await using backend = new LocalDockerBackend({
    docker,
    imagePolicy: { pull: "never" },
  });
  const rows = [await launchRow(docker, backend)];
  {
    await using sandbox = await backend.launch(SPEC);
    rows.push(await runRow(found, backend, sandbox));
    rows.push(...await shellRows(found, backend, sandbox));
  }
  rows.push(await poolRow(backend));
  rows.push(...await memoryRows());
  rows.push(await manyRow(docker));
  return rows;
}
