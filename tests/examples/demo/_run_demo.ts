// The demo as its task runs it, and what it leaves.
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { ManagedAesGcmCodec } from "@zu/backends/codec";

const ROOT = new URL("../../../", import.meta.url);
const CONFIG = fileURLToPath(new URL("deno.json", ROOT));
const MAIN = fileURLToPath(new URL("examples/demo/main.ts", ROOT));
/** The log that is replayed when none is named. */
export const SAMPLE: string = fileURLToPath(
  new URL("tests/fixtures/predecessor/python-head.jsonl", ROOT),
);
/** How many events it holds. */
export const SAMPLE_EVENTS = 240;

/** Starts the demo in a folder, as its task does, with the same permissions. */
export async function start(
  cwd: string,
  flags: string[],
  env: Record<string, string> = {},
): Promise<Deno.ChildProcess> {
  const { tasks } = JSON.parse(await Deno.readTextFile(CONFIG));
  const words: string[] = tasks.demo.command.split(" ");
  const permissions = words.slice(3, -1);
  const [name, value] = words[0]!.split("=");
  assertEquals([name, ...words.slice(1, 3), words.at(-1)], [
    "TMPDIR",
    "deno",
    "run",
    "examples/demo/main.ts",
  ]);
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--config", CONFIG, ...permissions, MAIN, ...flags],
    cwd,
    env: { [name!]: value!, ...env, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** What came of a run. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the demo in a folder to its end. */
export async function run(cwd: string, ...flags: string[]): Promise<Outcome> {
  return await outcomeOf(await start(cwd, flags));
}

/** Waits for the end of a run. */
export async function outcomeOf(child: Deno.ChildProcess): Promise<Outcome> {
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

/** Has a folder used that is removed afterwards. */
export async function inFolder(
  use: (cwd: string) => Promise<void>,
): Promise<void> {
  const cwd = await Deno.realPath(await Deno.makeTempDir());
  try {
    await use(cwd);
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

/** The folder that a run says it left. */
export function namedFolder(cwd: string, stdout: string): string {
  const name = /^The files are in (\S+)\.$/m.exec(stdout)?.[1];
  assert(name !== undefined, stdout);
  return `${cwd}/${name}`;
}

/** The keys that a run left, as `deno run --env-file` would read them. */
export async function readKeys(
  folder: string,
): Promise<{ codec: ManagedAesGcmCodec; signKey: Uint8Array }> {
  const text = await Deno.readTextFile(`${folder}/keys.env`);
  const value = (name: string) => {
    const found = new RegExp(`^${name}=(.+)$`, "m").exec(text)?.[1];
    assert(found !== undefined, `${name} is not in keys.env`);
    return found;
  };
  const currentKeyId = value("ZU_EVENT_KEY_ID");
  const key = Uint8Array.fromHex(value(`ZU_EVENT_KEY_${currentKeyId}`));
  return {
    codec: new ManagedAesGcmCodec({ currentKeyId, key: () => key }),
    signKey: Uint8Array.fromHex(value("DEMO_SIGN_KEY")),
  };
}
