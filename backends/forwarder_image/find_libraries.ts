import { BackendError } from "../backend_error.ts";
import { hostFailure, onHost } from "../files/host_files.ts";
import { quote } from "../files/file_paths.ts";
import { ARCHITECTURES, ElfError, type ElfFile, readElf } from "./elf.ts";
import { expandFolder, libraryFolders } from "./library_folders.ts";

/** A program, and what it cannot run without. */
export interface ProgramFiles {
  /** Where it really is, links followed. */
  readonly path: string;
  /** For which processors it is, as engines call them: `amd64`, `arm64`. */
  readonly architecture: string;
  /** The loader, at the path that the program asks for. */
  readonly interpreter: string;
  /** Where each library is, by the name that it is needed under. */
  readonly libraries: ReadonlyMap<string, string>;
}

/** Far more than a program has. */
const LIBRARIES_MAX = 256;

const REMEDY = "Give the option deno with the path of a Deno for this host's " +
  "Linux with glibc, as its releases are, or make the image by hand, as the " +
  "guide's recipe says";

/**
 * Finds a program's loader and libraries, where the loader would, without running
 * anything.
 *
 * @param program Its path.
 * @throws {BackendError} `unsupported` if it is no program for Linux with glibc, or
 * a library is not there; `file_failed` if something cannot be read.
 */
export async function findLibraries(program: string): Promise<ProgramFiles> {
  const path = await onHost(
    `find ${quote(program)}`,
    () => Deno.realPath(program),
  );
  const main = await lookAt(path);
  if (main === undefined) {
    throw hostFailure(`find ${quote(path)}`, "it is gone");
  }
  if (main instanceof ElfError) throw unsupported(path, main.message, main);
  const architecture = ARCHITECTURES.get(main.machine);
  if (architecture === undefined) {
    throw unsupported(
      path,
      `it is for a processor of the kind ${main.machine}`,
    );
  }
  const interpreter = checkInterpreter(path, main.interpreter);
  const folders = await libraryFolders(interpreter, architecture);
  const loader = nameOf(interpreter);
  const libraries = new Map<string, string>();
  const open = [{ path, file: main }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const name of next.file.needed) {
      // The loader is there before all others.
      if (name === loader || libraries.has(name)) continue;
      const own = next.file.runPath.map((folder) =>
        expandFolder(folder, next!.path)
      );
      const found = await search(name, [...own, ...folders], main.machine);
      if (found === undefined) {
        throw unsupported(
          path,
          `its library ${quote(name)} is in none of ` +
            [...own, ...folders].join(", "),
        );
      }
      libraries.set(name, found.path);
      if (libraries.size > LIBRARIES_MAX) {
        throw unsupported(path, `it has more than ${LIBRARIES_MAX} libraries`);
      }
      open.push(found);
    }
  }
  return { path, architecture, interpreter, libraries };
}

/** The loader's path in the image, which is that on the host. */
function checkInterpreter(path: string, interpreter?: string): string {
  if (interpreter === undefined) {
    throw unsupported(path, "it asks for no loader, as if it were static");
  }
  const name = nameOf(interpreter);
  if (
    !/^\/(?:[\w.+-]+\/)*[\w.+-]+$/.test(interpreter) ||
    /\/\.\.?\//.test(interpreter)
  ) {
    throw unsupported(path, `it asks for the loader ${quote(interpreter)}`);
  }
  if (!name.startsWith("ld-linux")) {
    throw unsupported(path, `it asks for ${name}, and not for glibc's loader`);
  }
  return interpreter;
}

/** The first library of a name that is for the same processors. */
async function search(
  name: string,
  folders: readonly string[],
  machine: number,
): Promise<{ path: string; file: ElfFile } | undefined> {
  if (name.includes("/") || name === "." || name === "..") return undefined;
  for (const folder of folders) {
    const path = `${folder}/${name}`;
    const file = await lookAt(path);
    // One for other processors, or a linker's script, is passed over.
    if (file === undefined || file instanceof ElfError) continue;
    if (file.machine !== machine) continue;
    return {
      path: await onHost(`find ${quote(path)}`, () => Deno.realPath(path)),
      file,
    };
  }
  return undefined;
}

/** Reads a file's headers; undefined if there is no such file. */
async function lookAt(path: string): Promise<ElfFile | ElfError | undefined> {
  try {
    if (!(await Deno.stat(path)).isFile) return undefined;
    using file = await Deno.open(path);
    return await readElf(async (offset, length) => {
      const bytes = new Uint8Array(length);
      await file.seek(offset, Deno.SeekMode.Start);
      let filled = 0;
      while (filled < length) {
        const count = await file.read(bytes.subarray(filled));
        if (count === null) break;
        filled += count;
      }
      return bytes.subarray(0, filled);
    });
  } catch (error) {
    if (error instanceof ElfError) return error;
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (error instanceof Deno.errors.NotADirectory) return undefined;
    throw hostFailure(`read ${quote(path)}`, error);
  }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function unsupported(
  path: string,
  found: string,
  cause?: unknown,
): BackendError {
  return new BackendError(
    "unsupported",
    `Cannot make an image of ${quote(path)}: ${found}. ${REMEDY}`,
    { cause },
  );
}
