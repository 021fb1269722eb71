import { assert, assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);
const FOLDERS = "backends|codec|sinks|tests|links|scripts|docs|bench|examples";

async function documents(): Promise<string[]> {
  const paths = ["links/README.md", "tests/fixtures/README.md"];
  for (const folder of ["", "docs/"]) {
    for await (const { name } of Deno.readDir(new URL(folder, ROOT))) {
      if (name.endsWith(".md")) paths.push(folder + name);
    }
  }
  return paths;
}

async function exists(url: URL): Promise<boolean> {
  return await Deno.stat(url).then(() => true, () => false);
}

Deno.test("documents name only files that there are", async () => {
  const missing: string[] = [];
  let named = 0;
  for (const document of await documents()) {
    const base = new URL(document, ROOT);
    const text = await Deno.readTextFile(base);
    const paths = text.matchAll(
      new RegExp(`(?<![\\w/.])((?:${FOLDERS})/[\\w/.-]+\\.(?:ts|md))\\b`, "g"),
    );
    const links = text.matchAll(/\]\((?!https?:)([^)#]+)/g);
    const urls = [
      ...Array.from(paths, ([, path]) => new URL(path!, ROOT)),
      ...Array.from(links, ([, link]) => new URL(link!, base)),
    ];
    for (const url of urls) {
      named++;
      if (!await exists(url)) missing.push(`${document}: ${url.pathname}`);
    }
  }
  assert(named > 40, `only ${named} paths were found`);
  assertEquals(missing, []);
});
