// LocalDockerBackend beside dockerode, the docker command and testcontainers, on
// a real engine.
import { LocalDockerBackend } from "../backends/local_docker_backend.ts";
import { findDocker, SPEC } from "./_docker_engine.ts";
import { runRow, shellRows } from "./_docker_exec.ts";
import { launchRow, manyRow, poolRow } from "./_docker_launch.ts";
import { memoryRows } from "./_docker_memory.ts";
import { peersTable } from "./_docker_peers.ts";
import { type BenchOptions, boundTable, type Table } from "./_section.ts";

/** Every table that is about Docker, or why there is none. */
export async function dockerTables(
  { quick }: BenchOptions,
): Promise<Table[] | string> {
  const found = await findDocker();
  if (typeof found === "string") return found;
  const { docker } = found;
  await using backend = new LocalDockerBackend({
    docker,
    imagePolicy: { pull: "never" },
  });
  const peers = await peersTable(found, backend, quick);
  const rows = [await launchRow(docker, backend)];
  {
    await using sandbox = await backend.launch(SPEC);
    rows.push(await runRow(found, backend, sandbox));
    rows.push(...await shellRows(found, backend, sandbox));
  }
  rows.push(await poolRow(backend));
  rows.push(...await memoryRows());
  rows.push(await manyRow(docker));
  return [
    boundTable("LocalDockerBackend, and what is asked of it", rows),
    peers,
  ];
}
