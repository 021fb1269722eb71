// The sources as a graph of files and imports, for rules to be checked on.
import config from "../../deno.json" with { type: "json" };

/** The checkout. */
export const ROOT: URL = new URL("../../", import.meta.url);

/** One import of a file. */
export interface Import {
  /** As it is written. */
  readonly specifier: string;
  /** The imported file, from the root; undefined for packages. */
  readonly target: string | undefined;
  /** Whether it is loaded by `import()` or as a worker, when it is needed. */
  readonly late: boolean;
}

/** One file. */
export interface SourceFile {
  /** From the root, such as `sinks/event.ts`. */
  readonly path: string;
  /** Its text without comments that stand on lines of their own. */
  readonly code: string;
  /** How many lines it has, comments included. */
  readonly lines: number;
  /** What it imports. */
  readonly imports: readonly Import[];
}

const COMMENTS = /^[ \t]*\/\*[\s\S]*?\*\/|^[ \t]*\/\/.*$/gm;
const STATIC =
  /^[ \t]*(?:import|export)\b(?:[^"';]*?\bfrom)?\s*"(?<specifier>[^"]+)"/gm;
const LATE =
  /\bimport\(\s*"(?<specifier>[^"]+)"|\bnew URL\(\s*"(?<url>[^"]+\.ts)",\s*import\.meta\.url/g;

/** Takes a file's text apart. */
export function readSourceText(path: string, text: string): SourceFile {
  const code = text.replace(COMMENTS, "");
  const imports: Import[] = [];
  for (const [pattern, late] of [[STATIC, false], [LATE, true]] as const) {
    for (const { groups } of code.matchAll(pattern)) {
      const specifier = (groups!.specifier ?? groups!.url)!;
      const target = specifier.startsWith(".")
        ? new URL(specifier, `file:///${path}`).pathname.slice(1)
        : undefined;
      imports.push({ specifier, target, late });
    }
  }
  return { path, code, lines: text.split("\n").length - 1, imports };
}

/** The paths of the TypeScript files in a folder, or at the root itself. */
export async function listFiles(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, isFile, isDirectory } of readFolder(folder)) {
    const path = `${folder}${name}`;
    if (isFile && name.endsWith(".ts")) paths.push(path);
    else if (isDirectory && folder !== "") {
      paths.push(...await listFiles(`${path}/`));
    }
  }
  return paths.sort();
}

async function* readFolder(folder: string): AsyncGenerator<Deno.DirEntry> {
  try {
    yield* Deno.readDir(new URL(folder, ROOT));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Reads every file of some folders; "" is the root alone. */
export async function readSources(
  ...folders: string[]
): Promise<SourceFile[]> {
  const paths = (await Promise.all(folders.map(listFiles))).flat();
  return await Promise.all(
    paths.map(async (path) =>
      readSourceText(path, await Deno.readTextFile(new URL(path, ROOT)))
    ),
  );
}

/** The files that deno.json exports, by the name that they are imported by. */
export const EXPORTS: ReadonlyMap<string, string> = new Map(
  Object.entries(config.exports).map((
    [name, path],
  ) => [`@zu/backends${name.slice(1)}`, path.slice(2)]),
);

/** The packages that deno.json names. */
export const PACKAGES: readonly string[] = Object.keys(config.imports);
