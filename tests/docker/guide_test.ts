import { assert, assertEquals } from "@std/assert";
import { dockerTest, text } from "./_engine.ts";
import { IMAGES } from "./_images.ts";

const ROOT = new URL("../../", import.meta.url);
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

/** What an example says that it prints, and what it printed. */
async function run(
  code: string,
): Promise<[promised: string[], printed: string]> {
  const image = `"${IMAGES.busybox}"`;
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/example.ts`;
    await Deno.writeTextFile(path, code.replaceAll('"alpine"', image));
    const { code: exit, stdout, stderr } = await new Deno.Command(
      Deno.execPath(),
      {
        args: [
          "run",
          "-A",
          "--check",
          `--config=${new URL("deno.json", ROOT).pathname}`,
          path,
        ],
        env: { NO_COLOR: "1" },
      },
    ).output();
    assertEquals(exit, 0, text(stderr));
    // Beside what prints it, or in lines of its own behind it.
    const promised = code.matchAll(
      /console\.log\(.*\); \/\/ (.*)$|^\/\/ (\S+: \S+)$/gm,
    );
    return [
      Array.from(promised, ([, beside, behind]) => (beside ?? behind)!),
      text(stdout),
    ];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const path of GUIDES) {
  const examples = await examplesOf(path);
  for (const [i, code] of examples.entries()) {
    dockerTest(
      `example ${i + 1} of ${path} runs, and prints what it says`,
      async () => {
        const [promised, printed] = await run(code);
        assert(promised.length > 0, "it says nothing");
        for (const words of promised) {
          assert(printed.includes(words), `"${words}" is not in "${printed}"`);
        }
      },
    );
  }
}
