// Measures scoped egress beside a wire, on a real engine, in a world of its own,
// and prints the rows of the table as JSON, or why there are none. Started by
// _egress.ts: what it does takes all permissions.
import { FORWARDER_IMAGE } from "../backends/egress/forwarder_contract.ts";
import { makeForwarderImage } from "../backends/forwarder_image.ts";
import { makeClientImage } from "../tests/egress/client_image.ts";
import { makeClientRoot } from "../tests/egress/client_root.ts";
import { connectEngine } from "../tests/egress/engine.ts";
import { missing } from "../tests/egress/preflight.ts";
import { findDocker } from "./_docker_engine.ts";
import { milliseconds } from "./_docker_rounds.ts";
import { type EgressWorld, runInside, startWorld } from "./_egress_world.ts";
import { median } from "./_load.ts";
import type { Row } from "./_table.ts";
import type { EgressMemory } from "./egress_memory.ts";
import type { Speed } from "./egress_speed.ts";

const MEMORY_ROUNDS = 3;

const DOWNLOADS = {
  tls: "200 MB, TLS, by fetch",
  plain: "200 MB, plain, by fetch",
  wget: "200 MB, plain, by wget",
  read: "200 MB, plain, by a loop that reads",
};
const REQUESTS = {
  smallPlain: "1,000 small requests, plain",
  smallTls: "1,000 small requests, TLS",
  smallTlsFresh: "200 small requests, TLS, a connection each",
};

async function measure(dir: string): Promise<Row[] | string> {
  const needed = await missing();
  if (needed !== undefined) return `it takes ${needed}`;
  const found = await findDocker();
  if (typeof found === "string") return found;
  const root = `${await Deno.realPath(dir)}/client`;
  await makeClientRoot(root);
  await makeClientImage(await connectEngine(), root);
  // Whatever is measured is of this code.
  await makeForwarderImage({ image: FORWARDER_IMAGE, replace: true });
  await using world = await startWorld(dir);
  const speed = await runInside<Speed>(world, "egress_speed.ts", []);
  return [
    ...downloadRows(speed),
    ...requestRows(speed),
    ...await memoryRows(world),
    launchRow(speed),
  ];
}

/** The medians of what took so long through the proxy, and by wire. */
function medians(speed: Speed, name: string): [scoped: number, wired: number] {
  const { scoped, wired } = speed[name]!;
  return [median(scoped), median(wired)];
}

function downloadRows(speed: Speed): Row[] {
  return Object.entries(DOWNLOADS).map(([name, what]) => {
    const [scoped, wired] = medians(speed, name);
    return {
      what,
      measured: `${milliseconds(wired)} by wire, ${milliseconds(scoped)}`,
      ratio: wired / scoped,
      bound: { least: 0.7 },
    };
  });
}

function requestRows(speed: Speed): Row[] {
  return Object.entries(REQUESTS).map(([name, what]) => {
    const [scoped, wired] = medians(speed, name);
    return {
      what: `${what}: added at p50`,
      measured: `${milliseconds(wired)} by wire, ${milliseconds(scoped)}`,
      ratio: scoped - wired,
      bound: { most: 2 },
      unit: "ms",
    };
  });
}

async function memoryRows(world: EgressWorld): Promise<Row[]> {
  const seen: EgressMemory[] = [];
  for (let round = 0; round < MEMORY_ROUNDS; round++) {
    seen.push(await runInside<EgressMemory>(world, "egress_memory.ts", []));
  }
  const row = (of: "host" | "forwarder", when: "flowing" | "idle"): Row => {
    const above = seen.map(({ [of]: levels }) => levels[when] - levels.before);
    const before = median(seen.map(({ [of]: levels }) => levels.before));
    const who = of === "host" ? "this process" : "the forwarder";
    const how = when === "flowing" ? "in full flow" : "idle after that";
    return {
      what: `100 tunnels ${how}: memory of ${who}, above that without`,
      measured: `at worst ${Math.max(...above).toFixed(0)} MiB, above ` +
        `${before.toFixed(0)} MiB`,
      ratio: median(above),
      bound: { most: 64 },
      unit: "MiB",
    };
  };
  return [
    row("host", "flowing"),
    row("forwarder", "flowing"),
    row("host", "idle"),
    row("forwarder", "idle"),
  ];
}

function launchRow(speed: Speed): Row {
  const [scoped, wired] = medians(speed, "launch");
  return {
    what: "launch with egress, to one without a network",
    measured: `${milliseconds(scoped)} to ${milliseconds(wired)}`,
    ratio: scoped / wired,
  };
}

if (import.meta.main) {
  console.log(JSON.stringify(await measure(Deno.args[0]!)));
}
