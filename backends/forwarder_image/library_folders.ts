import { quote } from "../files/file_paths.ts";
import { hostFailure, onHost } from "../files/host_files.ts";

/** The folders that are searched on every Linux, after those of ld.so.conf. */
const USUAL_FOLDERS = ["/lib64", "/usr/lib64", "/lib", "/usr/lib"];
const TRIPLETS: Readonly<Record<string, string>> = {
  amd64: "x86_64-linux-gnu",
  arm64: "aarch64-linux-gnu",
};
const CONF = "/etc/ld.so.conf";
const CONF_FOLDER = "/etc/ld.so.conf.d";

/**
 * Where the loader looks for libraries that no file says a folder for.
 *
 * @param interpreter The loader.
 * @param architecture What engines call the processors: `amd64`.
 * @throws {BackendError} `file_failed` if its configuration cannot be read.
 */
export async function libraryFolders(
  interpreter: string,
  architecture: string,
): Promise<string[]> {
  const triplet = TRIPLETS[architecture];
  const loader = await onHost(
    `find ${quote(interpreter)}`,
    () => Deno.realPath(interpreter),
  );
  return [
    ...new Set([
      ...await configuredFolders(),
      `/lib/${triplet}`,
      `/usr/lib/${triplet}`,
      ...USUAL_FOLDERS,
      // Where a distribution keeps each package apart, they are beside it.
      loader.slice(0, loader.lastIndexOf("/")),
    ]),
  ];
}

/** The folders that the loader's configuration names. */
async function configuredFolders(): Promise<string[]> {
  const files = [CONF];
  try {
    for await (const { name } of Deno.readDir(CONF_FOLDER)) {
      if (name.endsWith(".conf")) files.push(`${CONF_FOLDER}/${name}`);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw hostFailure(`list ${CONF_FOLDER}`, error);
    }
  }
  const folders: string[] = [];
  for (const file of files.sort()) {
    try {
      const lines = (await Deno.readTextFile(file)).split("\n");
      for (const line of lines) {
        const folder = line.replace(/#.*/, "").trim();
        if (folder.startsWith("/")) folders.push(folder.replace(/\/+$/, ""));
      }
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) continue;
      throw hostFailure(`read ${file}`, error);
    }
  }
  return folders;
}

/** A folder as a file names it: `$ORIGIN` is the one that the file is in. */
export function expandFolder(folder: string, path: string): string {
  const origin = path.slice(0, path.lastIndexOf("/"));
  return folder.replace(/\$(?:ORIGIN\b|\{ORIGIN\})/g, () => origin);
}
