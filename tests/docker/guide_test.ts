import { assert } from "@std/assert";
import { dockerTest, text } from "./_engine.ts";
import { IMAGES } from "./_images.ts";

const ROOT = new URL("../../", import.meta.url);
const CONFIG = new URL("deno.json", ROOT).pathname;
const GUIDES = [
  "README.md",
  "docs/egress.md",
  "docs/sandboxes.md",
  "backends/local_docker_backend.ts",
];

/** The examples of a file, which do not run where there is no engine. */
async function examplesOf(path: string): Promise<string[]> {
  const source = await Deno.readTextFile(new URL(path, ROOT));
  const blocks = source.replaceAll(/^ \* ?/gm, "")
    .matchAll(/^```ts ignore\n(.*?)^```$/gms);
  return Array.from(blocks, ([, code]) => code!)
    .filter((code) => code.includes("new LocalDockerBackend("));
}

/** Every example, by its name. */
const examples: Record<string, string> = {};
for (const guide of GUIDES) {
  for (const [i, code] of (await examplesOf(guide)).entries()) {
    examples[`example ${i + 1} of ${guide}`] = code;
  }
}

/** Gives examples to a command of Deno's, and returns what it prints. */
async function deno(args: string[], codes: string[]): Promise<string> {
  const image = `"${IMAGES.busybox}"`;
  const folder = await Deno.makeTempDir();
  try {
    const paths = codes.map((_, i) => `${folder}/example_${i}.ts`);
    for (const [i, code] of codes.entries()) {
      await Deno.writeTextFile(paths[i]!, code.replaceAll('"alpine"', image));
    }
    const command = new Deno.Command(Deno.execPath(), {
      args: [...args, `--config=${CONFIG}`, ...paths],
      env: { NO_COLOR: "1" },
    });
    const { success, stdout, stderr } = await command.output();
    assert(success, text(stderr));
    return text(stdout);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

// All at once, since the types of the whole package are checked with each.
dockerTest("the examples of sandboxes have the right types", async () => {
  await deno(["check"], Object.values(examples));
});

for (const [name, code] of Object.entries(examples)) {
  dockerTest(`${name} runs, and prints what it says`, async () => {
    const printed = await deno(["run", "-A", "--no-check"], [code]);
    // Beside what prints it, or in lines of its own behind it.
    const promised = code.matchAll(
      /console\.log\(.*\); \/\/ (.*)$|^\/\/ (\S+: \S+)$/gm,
    );
    const words = Array.from(
      promised,
      ([, beside, behind]) => beside ?? behind,
    );
    assert(words.length > 0, "it says nothing");
    for (const word of words) {
      assert(printed.includes(word!), `"${word}" is not in "${printed}"`);
    }
  });
}
