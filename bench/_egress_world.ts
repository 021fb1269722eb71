// The outside world of the egress bench: network namespaces, and servers in them.
import { makeCertificates } from "../tests/egress/certificates.ts";
import { output } from "../tests/egress/commands.ts";
import { LineProcess } from "../tests/egress/line_process.ts";
import { Namespaces } from "../tests/egress/namespaces.ts";

const SERVERS = new URL("egress_world.ts", import.meta.url).pathname;

/** A world that stands. */
export interface EgressWorld extends AsyncDisposable {
  readonly namespaces: Namespaces["names"];
}

/** Makes the namespaces, and starts the servers; nothing else has changed then. */
export async function startWorld(dir: string): Promise<EgressWorld> {
  await using made = new AsyncDisposableStack();
  const namespaces = made.use(await Namespaces.make());
  const { cert, key } = await makeCertificates(dir);
  let isReady = () => {};
  const ready = new Promise<void>((resolve) => isReady = resolve);
  const servers = made.use(
    new LineProcess("ip", [
      ...["netns", "exec", namespaces.names.world, Deno.execPath(), "run"],
      ...["--no-prompt", "-A", SERVERS, cert, key],
    ], () => isReady()),
  );
  const ended = servers.ended.then((code) => {
    throw new Error(`The world's servers ended (${code}) as they started`);
  });
  await Promise.race([ready, ended]);
  // That they end later is what they are to do.
  ended.catch(() => {});
  const all = made.move();
  return {
    namespaces: namespaces.names,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** Runs a program of this bench where the proxy is to be, and reads its JSON. */
export async function runInside<Result>(
  { namespaces }: EgressWorld,
  program: string,
  args: readonly string[],
): Promise<Result> {
  const said = await output("ip", [
    ...["netns", "exec", namespaces.host, Deno.execPath(), "run"],
    ...["--no-prompt", "-A", new URL(program, import.meta.url).pathname],
    ...[...args, JSON.stringify(namespaces)],
  ]);
  return JSON.parse(said);
}
