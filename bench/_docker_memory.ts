// How much memory a program's output takes on its way.
import { median } from "./_load.ts";
import type { Row } from "./_table.ts";
import type { DockerMemory, Way } from "./docker_memory.ts";

const ROUNDS = 5;
const WAYS = ["run", "spawn", "dockerode"] as const;

/** Lets the output come in a process of its own, which holds nothing else. */
async function measure(way: Way): Promise<DockerMemory> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-read",
      "--allow-write",
      "--allow-env",
      "--allow-net",
      new URL("docker_memory.ts", import.meta.url).pathname,
      way,
    ],
  }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(text.decode(stderr));
  return JSON.parse(text.decode(stdout));
}

/** Memory above idle while a program writes 100 MB, kept in part or streamed. */
export async function memoryRows(): Promise<Row[]> {
  const seen: Record<Way, DockerMemory[]> = {
    run: [],
    spawn: [],
    dockerode: [],
  };
  for (let round = 0; round < ROUNDS; round++) {
    for (const way of WAYS) seen[way].push(await measure(way));
  }
  const above = (way: Way) =>
    seen[way].map(({ idleMiB, peakMiB }) => peakMiB - idleMiB);
  const raw = median(above("dockerode")).toFixed(0);
  return (["run", "spawn"] as const).map((way) => ({
    what: `memory for 100 MB of stdout through ${way}, above idle`,
    measured: `at worst ${Math.max(...above(way)).toFixed(0)} MiB, in ` +
      `${median(seen[way].map(({ seconds }) => seconds)).toFixed(1)} s; ` +
      `dockerode's own stream ${raw} MiB`,
    ratio: median(above(way)),
    bound: { most: 64 },
    unit: "MiB",
  }));
}
