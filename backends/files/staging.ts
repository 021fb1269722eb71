import { BackendError } from "../backend_error.ts";
import { quote } from "./file_paths.ts";
import { onHost } from "./host_files.ts";

/**
 * A new folder inside a folder of the host, in which a tree is put together before
 * it is moved up. It is inside, and not beside, so that no more than the folder
 * itself need be writable; and it is new, so that no link is in it that leads
 * elsewhere.
 */
export class Staging {
  /** Where the tree is put together. */
  readonly path: string;
  readonly #folder: string;
  readonly #isFolderNew: boolean;

  private constructor(folder: string, isFolderNew: boolean, path: string) {
    this.path = path;
    this.#folder = folder;
    this.#isFolderNew = isFolderNew;
  }

  /**
   * Makes one.
   *
   * @param folder The folder, which is made if it is not there.
   * @throws {BackendError} `file_failed` if the system refuses.
   */
  static async in(folder: string): Promise<Staging> {
    return await onHost(`make a folder in ${quote(folder)}`, async () => {
      const isNew = await makeFolder(folder);
      try {
        const path = await Deno.makeTempDir({ dir: folder, prefix: ".zu-" });
        return new Staging(folder, isNew, path);
      } catch (error) {
        if (isNew) await Deno.remove(folder);
        throw error;
      }
    });
  }

  /**
   * Sees to it that nothing is replaced.
   *
   * @param name What is to be in the folder.
   * @throws {BackendError} `file_refused` if there is something of that name.
   */
  async expectFree(name: string): Promise<void> {
    const path = `${this.#folder}/${name}`;
    const isFree = await onHost(`look for ${quote(path)}`, async () => {
      try {
        await Deno.lstat(path);
        return false;
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return true;
        throw error;
      }
    });
    if (isFree) return;
    throw new BackendError(
      "file_refused",
      `Cannot put ${quote(name)} into ${quote(this.#folder)}: there is ` +
        "something of that name, and nothing is replaced; give it an empty folder",
    );
  }

  /**
   * Moves what was put together up into the folder: all of it, or nothing.
   *
   * @throws {BackendError} `file_refused` or `file_failed`.
   */
  async commit(): Promise<void> {
    const names = await onHost(
      `list ${quote(this.path)}`,
      () => Array.fromAsync(Deno.readDir(this.path), ({ name }) => name),
    );
    const moved: string[] = [];
    const move = (name: string, from: string, to: string) =>
      onHost(
        `move ${quote(name)} into its place`,
        () => Deno.rename(`${from}/${name}`, `${to}/${name}`),
      );
    try {
      for (const name of names) {
        await this.expectFree(name);
        await move(name, this.path, this.#folder);
        moved.push(name);
      }
    } catch (error) {
      for (const name of moved) await move(name, this.#folder, this.path);
      throw error;
    }
    await onHost(
      `remove ${quote(this.path)}, which is empty now`,
      () => Deno.remove(this.path),
    );
  }

  /** Removes what was put together, and the folder if it was made for it. */
  async discard(): Promise<void> {
    await onHost(`remove ${quote(this.path)}`, async () => {
      await Deno.remove(this.path, { recursive: true });
      if (this.#isFolderNew) await Deno.remove(this.#folder);
    });
  }
}

/** Makes a folder, or finds that it is there. */
async function makeFolder(folder: string): Promise<boolean> {
  try {
    await Deno.mkdir(folder);
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    if ((await Deno.stat(folder)).isDirectory) return false;
    throw error;
  }
}
