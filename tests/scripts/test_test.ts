import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { fileURLToPath } from "node:url";
import { LANES } from "../../scripts/_lanes.ts";
import { tallyTests } from "../../scripts/_tally.ts";
import { listFiles, ROOT } from "../architecture/_sources.ts";

const SCRIPT = fileURLToPath(new URL("../../scripts/test.ts", import.meta.url));
const PASSES = `Deno.test(import.meta.url, () => {});\n`;
const FAILS = `Deno.test("fails", () => {\n  throw new Error("so");\n});\n`;

/** Waits until there is a file. Tests that are made here do so, too. */
async function comes(path: string): Promise<void> {
  while (!await Deno.stat(path).then(() => true, () => false)) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Uses a package that has some tests. */
async function withTests(
  files: Readonly<Record<string, string>>,
  use: (dir: string) => Promise<void>,
): Promise<void> {
  const dir = await Deno.realPath(await Deno.makeTempDir());
  try {
    await Deno.writeTextFile(`${dir}/deno.json`, "{}");
    for (const [path, text] of Object.entries(files)) {
      const folder = path.slice(0, path.lastIndexOf("/"));
      await Deno.mkdir(`${dir}/${folder}`, { recursive: true });
      await Deno.writeTextFile(`${dir}/${path}`, text);
    }
    await use(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function start(dir: string, args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-config", "--no-prompt", "--allow-read=tests"],
      ...["--allow-run", SCRIPT, ...args],
    ],
    cwd: dir,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs the tests of a folder, whatever their types. */
async function run(dir: string, ...args: string[]) {
  return await runChecked(dir, "--no-check", ...args);
}

/** Runs the tests of a folder. */
async function runChecked(dir: string, ...args: string[]) {
  const { code, stdout, stderr } = await start(dir, args).output();
  const decoder = new TextDecoder();
  const text = decoder.decode(stdout);
  return {
    code,
    text,
    // As the gate counts it.
    tally: tallyTests(code, text),
    files: Array.from(
      text.matchAll(/^running \d+ tests? from \.\/(\S+)$/gm),
      ([, path]) => path!,
    ),
    lanes: text.match(/^\$ deno test .*$/gm) ?? [],
    stderr: decoder.decode(stderr),
  };
}

Deno.test("test runs a test of every folder in one lane, and counts it once", async () => {
  const names = (await listFiles("tests/")).filter((path) =>
    path.endsWith("_test.ts")
  );
  // The first of each folder: a folder's files go together.
  const folderOf = (path: string) => path.slice(0, path.lastIndexOf("/"));
  const byFolder = Map.groupBy(names, folderOf);
  const paths = Array.from(byFolder.values(), ([first]) => first!);
  // Files that are apart from the rest of their folder.
  const named = Object.values(LANES);
  paths.push(...named.flat().filter((path) => path.endsWith(".ts")));
  // What looks like a folder of a lane with a name, and what is in one.
  paths.push(
    ...["tests/docker_test.ts", "tests/postgres_test.ts"],
    ...["tests/sinks/docker/x_test.ts", "tests/docker2/x_test.ts"],
    ...["tests/postgres/x_test.ts", "tests/egress/inside/x_test.ts"],
  );
  const files = Object.fromEntries(paths.map((path) => [path, PASSES]));
  await withTests(files, async (dir) => {
    const { code, text, tally, files, lanes } = await run(dir);
    assertEquals(code, 0, text);
    assertEquals(files.toSorted(), paths.toSorted());
    const passed = paths.length;
    assertEquals(tally, { passed, failed: 0, skipped: 0 });
    assertEquals(lanes.length, named.length + 1);
    const starts = lanes.map((lane) => text.indexOf(lane));
    for (const path of paths) {
      const at = text.indexOf(` test from ./${path}`);
      const lane = named.findIndex((folders) =>
        folders.some((folder) => path.startsWith(folder))
      );
      assertEquals(
        starts.findLastIndex((start) => start < at),
        lane < 0 ? named.length : lane,
        path,
      );
    }
    assert(/\nok \| \d+ passed \| 0 failed \(\d+s\)\n$/.test(text), text);
  });
});

Deno.test("test names paths of tests that there are", async () => {
  for (const path of Object.values(LANES).flat()) {
    await Deno.stat(new URL(path, ROOT));
  }
});

Deno.test("test runs its lanes side by side, and shows one behind the other", async () => {
  const waits = (made: string, awaited: string) =>
    `${comes}
Deno.test("${made}", async () => {
  console.log("it makes ${made}");
  await Deno.writeTextFile("${made}", "");
  await comes("${awaited}");
  console.log("it has seen ${awaited}");
});
`;
  await withTests({
    "tests/docker/a_test.ts": waits("one", "two"),
    "tests/b_test.ts": waits("two", "one"),
  }, async (dir) => {
    const { code, text } = await run(dir);
    assertEquals(code, 0, text);
    assertEquals(text.match(/^it .*$/gm), [
      ...["it makes one", "it has seen two"],
      ...["it makes two", "it has seen one"],
    ]);
  });
});

Deno.test("test fails where any lane does, however it does", async () => {
  const docker = "tests/docker/a_test.ts", other = "tests/b_test.ts";
  for (const path of [docker, other]) {
    for (const text of [FAILS, "throw new Error('not loaded');\n", "no code"]) {
      const files = { [docker]: PASSES, [other]: PASSES, [path]: text };
      await withTests(files, async (dir) => {
        const { code, text, tally } = await run(dir);
        assertEquals(code, 1, text);
        assertEquals(tally, { passed: 1, failed: 1, skipped: 0 });
        // Said once more, where the run ends.
        const end = text.slice(text.search(/^\d passed, /m));
        assertMatch(end, /^error: /m);
        assertStringIncludes(end, path);
      });
    }
  }
});

Deno.test("test names all that has failed last, however much there is to say of it", async () => {
  const files = ["tests/docker/a_test.ts", "tests/b_test.ts"];
  await withTests(
    Object.fromEntries(files.map((path) => [path, FAILS])),
    async (dir) => {
      const { text } = await run(dir);
      const names = files.map((path) => `fails => ./${path}:1:6\n`).join("");
      assertMatch(text, /\nFAILED \| 0 passed \| 2 failed \(\d+s\)\n$/);
      assertStringIncludes(text, `\n\n${names}\nFAILED | 0 passed | 2`);
    },
  );
});

Deno.test("test takes a lane of which no test is due", async () => {
  const ignored = `Deno.test.ignore("not here", () => {});\n`;
  await withTests({
    "tests/docker/a_test.ts": ignored,
    "tests/b_test.ts": PASSES,
    "tests/c_test.ts": `Deno.test("due", () => {});\n`,
  }, async (dir) => {
    const all = await run(dir);
    assertEquals(all.tally, { passed: 2, failed: 0, skipped: 1 }, all.text);
    const due = await run(dir, "--filter", "due");
    assertEquals(due.tally, { passed: 1, failed: 0, skipped: 0 }, due.text);
    // As with deno test, it is for who counts to find that nothing ran.
    const none = await run(dir, "--filter", "nothing");
    assertEquals([none.code, none.tally.failed], [0, 1], none.text);
  });
});

Deno.test("test checks types once, before it runs anything", async () => {
  const wrong = `const one: number = "1";
Deno.test(import.meta.url, () => console.log(one));
`;
  const files = { "tests/docker/a_test.ts": PASSES, "tests/b_test.ts": wrong };
  await withTests(files, async (dir) => {
    const found = await runChecked(dir);
    assertEquals([found.code, found.lanes], [1, []]);
    assertEquals(found.tally, { passed: 0, failed: 1, skipped: 0 });
    assertStringIncludes(found.stderr, "TS2322");
    assertEquals((await run(dir)).tally.passed, 2);

    await Deno.writeTextFile(`${dir}/tests/b_test.ts`, PASSES);
    const { tally, stderr } = await runChecked(dir);
    assertEquals(tally, { passed: 2, failed: 0, skipped: 0 });
    assertEquals(stderr.match(/Check .*b_test/g)?.length, 1, stderr);
  });
});

Deno.test("test runs what it is told to in one lane", async () => {
  const docker = "tests/docker/a_test.ts", other = "tests/b_test.ts";
  const files = { [docker]: PASSES, [other]: PASSES, "tests/c_test.ts": FAILS };
  await withTests(files, async (dir) => {
    const { code, files, lanes, tally } = await run(dir, docker, other);
    assertEquals([code, lanes.length], [0, 1]);
    assertEquals(files, [docker, other]);
    assertEquals(tally, { passed: 2, failed: 0, skipped: 0 });
  });
});

for (const [signal, exitCode] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test({
    name: `test ends all lanes on ${signal}`,
    ignore: Deno.build.os === "windows",
    async fn() {
      const hangs = (name: string) =>
        `Deno.test("hangs", async () => {
  await Deno.writeTextFile("${name}.tmp", String(Deno.pid));
  await Deno.rename("${name}.tmp", "${name}");
  await new Promise((resolve) => setTimeout(resolve, 600_000));
});
`;
      await withTests({
        "tests/docker/a_test.ts": hangs("one"),
        "tests/b_test.ts": hangs("two"),
      }, async (dir) => {
        const child = start(dir, ["--no-check"]);
        const output = child.output();
        const pids = await Promise.all(["one", "two"].map(async (name) => {
          await comes(`${dir}/${name}`);
          return Number(await Deno.readTextFile(`${dir}/${name}`));
        }));
        child.kill(signal);
        const { code, stdout } = await output;
        assertEquals(code, exitCode);
        const text = new TextDecoder().decode(stdout);
        assertEquals(tallyTests(code, text).failed > 0, true, text);
        for (const pid of pids) assertEquals(isAlive(pid), false);
      });
    },
  });
}

function isAlive(pid: number): boolean {
  try {
    Deno.kill(pid, "SIGCONT");
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
