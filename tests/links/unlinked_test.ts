import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { withTempDir } from "./_temp_dir.ts";

const SCRIPT = new URL("../../links/unlinked.ts", import.meta.url).href;

/** A package that uses a package of the registry, for which it has a link. */
const FILES: Record<string, string> = {
  "deno.json": JSON.stringify({
    name: "@example/package",
    version: "1.0.0",
    license: "MIT",
    exports: "./mod.ts",
    imports: { "@example/linked": "jsr:@example/linked@^1" },
    links: ["./links/linked"],
    publish: { exclude: ["links"] },
  }),
  "mod.ts": `export { one } from "@example/linked";\n`,
  "show.ts": `console.log(Deno.readTextFileSync("deno.json"), Deno.cwd());\n`,
  "fail.ts": "Deno.exit(7);\n",
  "node_modules/left_out.ts": "",
  "links/linked/deno.json": JSON.stringify({
    name: "@example/linked",
    version: "1.0.0",
    exports: "./mod.ts",
  }),
  "links/linked/mod.ts": "/** One. */\nexport const one: number = 1;\n",
};

async function writePackage(dir: string): Promise<void> {
  for (const [path, text] of Object.entries(FILES)) {
    const folder = path.slice(0, path.lastIndexOf("/") + 1);
    await Deno.mkdir(`${dir}/${folder}`, { recursive: true });
    await Deno.writeTextFile(`${dir}/${path}`, text);
  }
}

async function deno(
  cwd: string,
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

function unlinked(
  cwd: string,
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  return deno(cwd, "run", "-A", "--no-config", SCRIPT, ...args);
}

Deno.test("unlinked runs a command on a copy whose config has no links", async () => {
  await withTempDir(async (dir) => {
    await writePackage(dir);
    const { code, stdout } = await unlinked(dir, "run", "-A", "show.ts");
    assertEquals(code, 0);
    const end = stdout.lastIndexOf("}") + 1;
    const { links: _links, ...config } = JSON.parse(FILES["deno.json"]!);
    assertEquals(JSON.parse(stdout.slice(0, end)), config);
    const copy = stdout.slice(end).trim();
    assertFalse(copy.startsWith(dir));
    assertFalse(await Deno.stat(copy).then(() => true, () => false));
    assertEquals(
      await Deno.readTextFile(`${dir}/deno.json`),
      FILES["deno.json"],
    );
  });
});

Deno.test("unlinked exits with the command's code", async () => {
  await withTempDir(async (dir) => {
    await writePackage(dir);
    assertEquals((await unlinked(dir, "run", "fail.ts")).code, 7);
  });
});

Deno.test("unlinked --keep-links lets a package without its links be published", async () => {
  await withTempDir(async (dir) => {
    await writePackage(dir);
    const publish = ["publish", "--dry-run", "--allow-dirty"];
    const inPlace = await deno(dir, ...publish);
    assertStringIncludes(inPlace.stderr, "excluded-module");
    const { code, stderr } = await unlinked(dir, "--keep-links", ...publish);
    assertEquals(code, 0, stderr);
    assertStringIncludes(stderr, "package/mod.ts");
    assertFalse(stderr.includes("links/linked"));
    assertFalse(stderr.includes("left_out"));
  });
});
