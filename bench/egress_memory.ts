// Has a sandbox open 100 tunnels, and prints as JSON how much memory they took here
// and in the forwarder. Started by _egress.ts: only a fresh process tells it.
import { connectEngine } from "../tests/egress/engine.ts";
import {
  clientArgv,
  HOST,
  makeBackend,
  SCOPED_SPEC,
} from "./_egress_sandboxes.ts";

const TUNNELS = 100;
/** What each carries: 1 GB in all. */
const BYTES = 10_000_000;
const SAMPLE_MS = 10;
const SETTLE_MS = 1000;
const KIBIBYTES = 1024;

/** Resident memory of one of them, in MiB. */
interface Levels {
  readonly before: number;
  /** The most while all tunnels were in full flow. */
  readonly flowing: number;
  /** With all of them open, and nothing coming. */
  readonly idle: number;
}

/** Resident memory of this process and the forwarder's. */
export interface EgressMemory {
  readonly host: Levels;
  readonly forwarder: Levels;
  readonly seconds: number;
}

/** The forwarder's process, which is the only child of its container's first. */
async function forwarderPid(sandbox: string): Promise<string> {
  const engine = await connectEngine();
  const { HostConfig } = await engine.getContainer(sandbox).inspect();
  const id = HostConfig.NetworkMode.replace("container:", "");
  const { State: { Pid } } = await engine.getContainer(id).inspect();
  const path = `/proc/${Pid}/task/${Pid}/children`;
  return (await Deno.readTextFile(path)).trim();
}

function residentMiB(pid: string | number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)![1]) / KIBIBYTES;
}

if (import.meta.main) {
  await using backend = makeBackend();
  await using sandbox = await backend.launch(SCOPED_SPEC);
  const pids = { host: Deno.pid, forwarder: await forwarderPid(sandbox.id) };
  const look = () => ({
    host: residentMiB(pids.host),
    forwarder: residentMiB(pids.forwarder),
  });
  const before = look();
  const flowing = { ...before };
  const sample = () => {
    const now = look();
    flowing.host = Math.max(flowing.host, now.host);
    flowing.forwarder = Math.max(flowing.forwarder, now.forwarder);
  };
  // Its end is the end of all, so that nothing is looked at that is gone.
  using sampling = new DisposableStack();
  sampling.adopt(setInterval(sample, SAMPLE_MS), clearInterval);
  const argv = await clientArgv(
    "at-once",
    `https://${HOST}/${BYTES}`,
    String(TUNNELS),
  );
  const startedMs = performance.now();
  await using program = await backend.spawn(sandbox, argv);
  const first = await program.stdout[Symbol.asyncIterator]().next();
  if (first.done) {
    const said = await new Response(ReadableStream.from(program.stderr)).text();
    throw new Error(`The client has ended: ${said}`);
  }
  const seconds = (performance.now() - startedMs) / 1000;
  if (sandbox.egress?.open !== TUNNELS) {
    throw new Error(`${sandbox.egress?.open} of ${TUNNELS} tunnels are open`);
  }
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const idle = look();
  const levels = (of: "host" | "forwarder"): Levels => ({
    before: before[of],
    flowing: flowing[of],
    idle: idle[of],
  });
  const memory: EgressMemory = {
    host: levels("host"),
    forwarder: levels("forwarder"),
    seconds,
  };
  console.log(JSON.stringify(memory));
}
