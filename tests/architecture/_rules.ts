// The architecture, a rule a function. Each returns what breaks it, a line each.
import { PACKAGES, type SourceFile } from "./_sources.ts";

/** Which folders the files of a folder may import, itself included. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  codec: ["codec"],
  sinks: ["sinks", "codec"],
  backends: ["backends"],
  "": ["", "codec", "sinks", "backends"],
  "tests/conformance": ["tests/conformance", "codec", "sinks", "backends"],
};

/** Packages that do something when they are imported: load a library, say. */
const LATE: readonly string[] = ["@db/sqlite", "dockerode", "postgres"];

const LINES_MAX = 350;

/** The folder whose rules a file is under: codec, sinks, backends or the root. */
function folderOf(path: string): string {
  if (path.startsWith("tests/conformance/")) return "tests/conformance";
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : "";
}

/** Every import that leads to a file of ours, as a pair. */
function* edges(files: readonly SourceFile[]) {
  for (const { path, imports } of files) {
    for (const { target, late } of imports) {
      if (target !== undefined) yield { path, target, late };
    }
  }
}

/** Imports point one way: codec ← sinks, backends alone. */
export function againstTheArrows(files: readonly SourceFile[]): string[] {
  return [...edges(files)].filter(({ path, target }) =>
    ARROWS[folderOf(path)]?.includes(folderOf(target)) !== true
  ).map(({ path, target }) => `${path} imports ${target}`);
}

/** Nothing imports the root's mod.ts, nor the mod.ts of its own folder. */
export function importsOfMod(files: readonly SourceFile[]): string[] {
  return [...edges(files)].filter(({ path, target }) =>
    target === "mod.ts" ||
    (target.endsWith("/mod.ts") && folderOf(path) === folderOf(target))
  ).map(({ path, target }) => `${path} imports ${target}`);
}

/**
 * A file `_x.ts` and a subfolder belong to their folder, to the tests that mirror
 * it, and to the fuzz tests.
 */
export function importsOfPrivates(files: readonly SourceFile[]): string[] {
  return [...edges(files)].filter(({ path, target }) => {
    const [folder, ...rest] = target.split("/");
    if (!["codec", "sinks", "backends"].includes(folder!)) return false;
    if (rest.length === 1 && !rest[0]!.startsWith("_")) return false;
    // What is fuzzed is mostly what stands behind a folder's door.
    const own = [`${folder}/`, `tests/${folder}/`, "tests/fuzz/"];
    // The tests on a real engine are about the backends.
    if (folder === "backends") own.push("tests/docker/");
    // Those on a real server are about PostgresSink.
    if (folder === "sinks") own.push("tests/postgres/");
    return !own.some((start) => path.startsWith(start));
  }).map(({ path, target }) => `${path} imports ${target}`);
}

/** Packages come from deno.json by name, and some only when they are needed. */
export function importsOfPackages(files: readonly SourceFile[]): string[] {
  const found: string[] = [];
  for (const { path, imports } of files) {
    for (const { specifier, target, late } of imports) {
      const line = `${path} imports ${specifier}`;
      if (target?.startsWith("links/")) found.push(line);
      if (target !== undefined || specifier.startsWith("node:")) continue;
      if (!PACKAGES.includes(specifier)) found.push(line);
      if (LATE.includes(specifier) && !late) found.push(`${line} at once`);
    }
  }
  return found;
}

/** Every file that some files lead to, themselves included. */
function reachable(
  files: readonly SourceFile[],
  entries: Iterable<string>,
): Set<string> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const reached = new Set<string>();
  const open = [...entries];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    for (const { target } of byPath.get(path)?.imports ?? []) {
      if (target !== undefined) open.push(target);
    }
  }
  return reached;
}

/** Every source can be reached from what is exported. */
export function unreachable(
  files: readonly SourceFile[],
  entries: Iterable<string>,
): string[] {
  const reached = reachable(files, entries);
  return files.map(({ path }) => path).filter((path) => !reached.has(path));
}

/** Imports lead to files that are there. */
export function brokenImports(files: readonly SourceFile[]): string[] {
  const paths = new Set(files.map(({ path }) => path));
  return [...edges(files)].filter(({ target }) =>
    target.endsWith(".ts") && !paths.has(target)
  ).map(({ path, target }) => `${path} imports ${target}, which is not there`);
}

/** Whether a file only declares types or passes on what others export. */
export function isDeclaration({ code }: SourceFile): boolean {
  return !/\b(?:function|class|const|let|new)\b|=>/.test(code);
}

/**
 * Every source that does something has a test named after it, or is named with
 * the test that it is tested through, which must really reach it. A folder may
 * be named in place of each of its files.
 */
export function untested(
  files: readonly SourceFile[],
  tests: readonly SourceFile[],
  through: Readonly<Record<string, string>>,
): string[] {
  const found: string[] = [];
  const testNames = new Set(tests.map(({ path }) => path));
  const graph = [...files, ...tests];
  for (const [key, test] of Object.entries(through)) {
    const named = files.filter(({ path }) =>
      key.endsWith("/") ? path.startsWith(key) : path === key
    );
    if (named.length === 0) found.push(`${key} is named, but is not there`);
    if (!testNames.has(test)) {
      found.push(`${key} is to be tested through ${test}, which is not there`);
      continue;
    }
    const reached = reachable(graph, [test]);
    for (const { path } of named) {
      if (!reached.has(path)) found.push(`${test} does not reach ${path}`);
    }
  }
  for (const file of files) {
    const { path } = file;
    const tested = testPaths(path).some((test) => testNames.has(test));
    if (tested && through[path] !== undefined) {
      found.push(`${path} has a test of its own, and is named besides`);
    }
    const named = Object.keys(through).some((key) =>
      key.endsWith("/") ? path.startsWith(key) : path === key
    );
    if (!tested && !named && !isDeclaration(file)) {
      found.push(`${path} has no test`);
    }
  }
  return found;
}

/** `codec/_x.ts` is tested by `tests/codec/x_test.ts` or `_x_test.ts`. */
function testPaths(path: string): string[] {
  const test = `tests/${path.replace(/\.ts$/, "_test.ts")}`;
  return [test, test.replace(/\/_([^/]+)$/, "/$1")];
}

/** A file holds one idea: none is longer than 350 lines. */
export function tooLong(files: readonly SourceFile[]): string[] {
  return files.filter(({ lines }) => lines > LINES_MAX)
    .map(({ path, lines }) => `${path} has ${lines} lines`);
}

/** The numbers of lessons that no test's name begins with. */
export function missingLessons(
  files: readonly SourceFile[],
  last: number,
): number[] {
  const found = new Set<number>();
  for (const { code } of files) {
    for (const [, number] of code.matchAll(/["'`]lesson (\d+): /g)) {
      found.add(Number(number));
    }
  }
  return Array.from({ length: last }, (_, n) => n + 1)
    .filter((lesson) => !found.has(lesson));
}
