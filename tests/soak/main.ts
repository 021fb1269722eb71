// deno task soak [--minutes N] [--rate N]: everything at once, for as long as asked.
// Prints a line every ten seconds; exits with 1 if memory or descriptors grew, or
// anything was lost.
import { AesGcmCodec } from "../../codec/mod.ts";
import { LocalDockerBackend } from "../../backends/local_docker_backend.ts";
import { makeForwarderImage } from "../../backends/forwarder_image.ts";
import { JsonlSink } from "../../sinks/jsonl_sink.ts";
import { SqliteSink } from "../../sinks/sqlite_sink.ts";
import { verifyLog } from "../../sinks/verify_log.ts";
import { IMAGES } from "../docker/_images.ts";
import { reason as noEngine } from "../docker/_engine.ts";
import { pause, runBackups } from "./backups.ts";
import { judge } from "./judge.ts";
import { type LogLoad, runLog } from "./log_load.ts";
import { Meter, type Sample } from "./meter.ts";
import { runSandboxes, serve } from "./sandboxes.ts";

const EVERY_MS = 10_000;

/** Reads a flag that is a number. */
function numberFlag(name: string, byDefault: number): number {
  const at = Deno.args.indexOf(name);
  const value = at < 0 ? byDefault : Number(Deno.args[at + 1]);
  if (value > 0 && Number.isFinite(value)) return value;
  console.error(`soak: ${name} takes a number above 0`);
  Deno.exit(2);
}

function show(sample: Sample): void {
  const ms = (value: number) => value.toFixed(1).padStart(7);
  console.log(
    `${String(sample.atS).padStart(5)} s ${
      sample.eventsPerS.toFixed(0).padStart(6)
    } events/s  append p50${ms(sample.p50Ms)} p99${ms(sample.p99Ms)} max${
      ms(sample.maxMs)
    } ms  loop${ms(sample.loopMs)} ms  ${
      sample.usedMiB.toFixed(1).padStart(5)
    } MiB used, ${sample.rssMiB.toFixed(0).padStart(4)} resident  ${
      String(sample.descriptors).padStart(3)
    } fds  wal ${sample.walMiB.toFixed(1)} MiB  ${sample.sandboxes} sandboxes`,
  );
}

async function soak(folder: string): Promise<boolean> {
  const minutes = numberFlag("--minutes", 1);
  const eventsPerS = numberFlag("--rate", 100);
  const codec = new AesGcmCodec(crypto.getRandomValues(new Uint8Array(32)));
  const paths = [`${folder}/plain.db`, `${folder}/sealed.db`] as const;
  await using plain = await SqliteSink.open(paths[0]);
  await using sealed = await SqliteSink.open(paths[1], { codec });
  // Small parts, so that there are many rotations.
  await using lines = new JsonlSink(`${folder}/lines.jsonl`, {
    maxBytes: 4 * 2 ** 20,
  });
  const loads: LogLoad[] = [
    { name: "plain", sink: plain, eventsPerS },
    { name: "sealed", sink: sealed, eventsPerS },
    { name: "lines", sink: lines, eventsPerS },
  ];
  await using server = serve();
  await using backend = new LocalDockerBackend({
    imagePolicy: { pull: "never" },
    egress: {
      treatAsPublic: ["127.0.0.1/32"],
      resolve: () => Promise.resolve(["127.0.0.1"]),
    },
  });
  if (noEngine === undefined) await makeForwarderImage();
  else console.log(`soak: without sandboxes: ${noEngine}`);

  const over = new AbortController();
  const meter = new Meter(paths.map((path) => `${path}-wal`));
  const samples: Sample[] = [];
  const measure = async () => {
    while (await pause(EVERY_MS, over.signal)) {
      const sample = await meter.sample();
      samples.push(sample);
      show(sample);
    }
  };
  const timer = setTimeout(() => over.abort(), minutes * 60_000);
  const work = Promise.all([
    Promise.all(loads.map((load) => runLog(load, meter, over.signal))),
    runBackups(plain, {}, folder, over.signal),
    measure(),
    noEngine === undefined &&
    runSandboxes(
      backend,
      IMAGES.busybox,
      server.addr.port,
      meter,
      over.signal,
    ),
  ]);
  let counts, backups;
  try {
    [counts, backups] = await work;
  } finally {
    over.abort();
    clearTimeout(timer);
    meter.stop();
  }

  const problems: string[] = [];
  for (const [i, { name, sink }] of loads.entries()) {
    const { events, violations } = await verifyLog(
      sink as SqliteSink | JsonlSink,
    );
    const { appended, followed, read } = counts[i]!;
    console.log(
      `${name}: ${appended} appended, ${followed} followed, ${read} read, ` +
        `${events} verified, ${violations.length} violations`,
    );
    if (events !== appended || violations.length > 0) {
      problems.push(`${name} has ${events} of ${appended} events`);
    }
  }
  const verdict = judge(samples);
  const { slopeMiB, residentSlopeMiB, descriptorsMore } = verdict;
  problems.push(...verdict.problems);
  const mean = (of: (sample: Sample) => number) =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  console.log(
    `all: ${mean((s) => s.eventsPerS).toFixed(0)} events/s, append p50 ${
      meter.overall(0.5).toFixed(1)
    } p99 ${meter.overall(0.99).toFixed(1)} max ${
      Math.max(...samples.map(({ maxMs }) => maxMs)).toFixed(0)
    } ms, loop delay at most ${
      Math.max(...samples.map(({ loopMs }) => loopMs)).toFixed(0)
    } ms, memory in use ${slopeMiB.toFixed(2)} and resident ${
      residentSlopeMiB.toFixed(2)
    } MiB a minute, ${descriptorsMore} more ` +
      `descriptors, WAL at most ${
        Math.max(...samples.map(({ walMiB }) => walMiB)).toFixed(1)
      } MiB, ${backups} backups, ${meter.sandboxes} sandboxes`,
  );
  console.log(problems.length === 0 ? "flat" : problems.join("; "));
  return problems.length === 0;
}

const folder = await Deno.makeTempDir({ dir: ".", prefix: ".soak-" });
let isFlat = false;
try {
  isFlat = await soak(folder);
} finally {
  await Deno.remove(folder, { recursive: true });
}
Deno.exit(isFlat ? 0 : 1);
