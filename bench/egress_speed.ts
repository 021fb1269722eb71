// Asks from both sandboxes in turns, and prints as JSON how long each answer took.
// Started by _egress.ts in the namespace where the proxy dials from.
import type { LocalDockerBackend } from "../backends/local_docker_backend.ts";
import type { Sandbox } from "../backends/mod.ts";
import type { NamespaceNames } from "../tests/egress/namespaces.ts";
import { interleaved, type Subject, timed } from "./_docker_rounds.ts";
import {
  clientArgv,
  HOST,
  makeBackend,
  SCOPED_SPEC,
  wire,
  WIRED_SPEC,
} from "./_egress_sandboxes.ts";

const BIG = 200_000_000;
const SMALL = 100;
const LAUNCH_ROUNDS = 8;
/** What a loop of wget is timed with counts hundredths of a second. */
const WGET = `
read before _ < /proc/uptime
for n in 1 2 3 4 5; do wget -q -O /dev/null "$0" || exit; done
read after _ < /proc/uptime
echo $before $after`;

/** How long everything took, in milliseconds, through the proxy and by wire. */
export type Speed = Record<
  string,
  { readonly scoped: readonly number[]; readonly wired: readonly number[] }
>;

/** What is asked for, how many times in each round, in how many rounds. */
const ASKED: Record<string, [way: string, url: string, count: number]> = {
  read: ["read", `http://${HOST}/${BIG}`, 3],
  plain: ["download", `http://${HOST}/${BIG}`, 3],
  tls: ["download", `https://${HOST}/${BIG}`, 3],
  smallPlain: ["kept", `http://${HOST}/${SMALL}`, 1000],
  smallTls: ["kept", `https://${HOST}/${SMALL}`, 1000],
  smallTlsFresh: ["fresh", `https://${HOST}/${SMALL}`, 200],
};
const ROUNDS = 3;

async function say(
  backend: LocalDockerBackend,
  sandbox: Sandbox,
  argv: readonly string[],
): Promise<string> {
  const { exitCode, stdout, stderr } = await backend.run(sandbox, argv, {
    timeoutMs: 120_000,
  });
  const text = new TextDecoder();
  if (exitCode === 0) return text.decode(stdout);
  throw new Error(`The client ended (${exitCode}): ${text.decode(stderr)}`);
}

if (import.meta.main) {
  const names: NamespaceNames = JSON.parse(Deno.args[0]!);
  await using backend = makeBackend();
  const launch = (spec: typeof SCOPED_SPEC): Subject => async () => {
    const { ms, value } = await timed(() => backend.launch(spec));
    await backend.destroy(value);
    return [ms];
  };
  const speed: Speed = {
    launch: await interleaved(LAUNCH_ROUNDS, {
      scoped: launch(SCOPED_SPEC),
      wired: launch(WIRED_SPEC),
    }),
  };
  await using scoped = await backend.launch(SCOPED_SPEC);
  await using wired = await backend.launch(WIRED_SPEC);
  await wire(wired, names);
  const both = (ask: (sandbox: Sandbox) => Promise<readonly number[]>) =>
    interleaved(ROUNDS, {
      scoped: () => ask(scoped),
      wired: () => ask(wired),
    });
  for (const [name, [way, url, count]] of Object.entries(ASKED)) {
    const argv = await clientArgv(way, url, String(count));
    speed[name] = await both(async (sandbox) =>
      JSON.parse(await say(backend, sandbox, argv))
    );
  }
  speed.wget = await both(async (sandbox) => {
    const argv = ["sh", "-c", WGET, `http://${HOST}/${BIG}`];
    const [before, after] = (await say(backend, sandbox, argv)).split(" ");
    return [(Number(after) - Number(before)) * 1000 / 5];
  });
  console.log(JSON.stringify(speed));
}
