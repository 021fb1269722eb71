import { BackendError } from "../backend_error.ts";
import { ExtractionBudget } from "./extraction_budget.ts";
import { hostFailure, onHost, writeAll } from "./host_files.ts";
import type { TreeBounds } from "./file_bounds.ts";
import { quote } from "./file_paths.ts";
import type { Staging } from "./staging.ts";
import { refuseArchive } from "./tar_header.ts";
import { entryParts } from "./tar_paths.ts";
import type { TarEntry } from "./tar_reader.ts";
import { addNode, LinkResolver, pathOf, type TreeNode } from "./tar_tree.ts";
import type { SkippedFile, TreeReport } from "../sandbox_files_options.ts";

/** As far as the dates go that other programs can read, in seconds. */
const MTIME_MAX = 253_402_300_799;

/** Bounds of an extraction. */
export interface ExtractOptions extends TreeBounds {
  /** Whether names have to be ones on Windows. */
  readonly isWindows?: boolean;
}

/** What an archive becomes on the host, entry by entry. */
export class Extraction {
  /** What the archive may still have. */
  readonly budget: ExtractionBudget;
  readonly #staging: Staging;
  readonly #isWindows: boolean;
  readonly #root: TreeNode = addNode("folder", "");
  readonly #symlinks: TreeNode[] = [];
  readonly #skipped: SkippedFile[] = [];
  readonly #made = { files: 0, folders: 0, links: 0, bytes: 0 };

  /**
   * Begins one.
   *
   * @param staging Where to put the tree together.
   * @param options Bounds.
   */
  constructor(staging: Staging, options: ExtractOptions) {
    this.#staging = staging;
    this.#isWindows = options.isWindows ?? Deno.build.os === "windows";
    this.budget = new ExtractionBudget(options);
  }

  /** What was made, and what was left out. */
  get report(): TreeReport {
    return { ...this.#made, skipped: this.#skipped };
  }

  /**
   * Takes an entry: a file or a folder is made, a link is noted, and a device is
   * left out.
   *
   * @param entry The entry.
   * @param body Its body.
   * @throws {BackendError} `file_refused` if it would leave the folder, or is in
   * the way of one that was there before; `file_too_large`; `file_failed`.
   */
  async take(
    entry: TarEntry,
    body: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    this.budget.spendEntry();
    this.budget.spendBytes(entry.size);
    const { path, link } = entry;
    this.budget.spendNames(path.length + link.length);
    const parts = entryParts(path, this.#isWindows);
    const name = parts.pop();
    if (name === undefined) {
      if (entry.type === "directory") return;
      throw refuseArchive(`its entry ${quote(path)} has no name`);
    }
    if (!path.isWellFormed()) {
      this.#skipped.push({ path, reason: "its name is not UTF-8" });
      return;
    }
    const parent = await this.#folder(parts);
    const there = parent.children.get(name);
    if (there === undefined) await this.#make(entry, name, parent, body);
    else if (entry.type !== "directory" || there.kind !== "folder") {
      throw refuseArchive(`its entry ${quote(path)} is in it twice`);
    }
  }

  /** Makes the links, now that it is known where they lead. */
  async makeLinks(): Promise<void> {
    const resolver = new LinkResolver();
    for (const link of this.#symlinks) {
      const found = resolver.resolve(link);
      if (typeof found === "string") {
        this.#leaveOut(link, `a link that ${found}`);
      } else await this.#makeLink(link, found);
    }
  }

  /** Where a node is put together. */
  #place(node: TreeNode): string {
    return `${this.#staging.path}/${pathOf(node)}`;
  }

  #leaveOut(node: TreeNode, reason: string): void {
    this.#skipped.push({ path: pathOf(node), reason });
  }

  /** The folder of these names; those that no entry told of are made. */
  async #folder(parts: readonly string[]): Promise<TreeNode> {
    let at = this.#root;
    for (const name of parts) {
      const next = at.children.get(name);
      if (next === undefined) {
        this.budget.spendEntry();
        at = await this.#makeFolder(name, at, 0o755);
      } else if (next.kind === "folder") at = next;
      else {
        throw refuseArchive(
          `${quote(pathOf(next))} in it is no folder, and yet has entries`,
        );
      }
    }
    return at;
  }

  async #make(
    entry: TarEntry,
    name: string,
    parent: TreeNode,
    body: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    switch (entry.type) {
      case "directory":
        await this.#makeFolder(name, parent, entry.mode);
        return;
      case "file":
        await this.#add("file", name, parent, async (path) => {
          this.#made.bytes += await writeFile(path, entry, body);
        });
        this.#made.files++;
        return;
      case "link":
        await this.#makeHardLink(entry, name, parent);
        return;
      case "symlink":
        await this.#expectFree(name, parent);
        this.#symlinks.push(addNode("symlink", name, parent, entry.link));
        return;
      case "device":
        this.#leaveOut(addNode("skipped", name, parent), "no file or folder");
        return;
    }
  }

  async #makeFolder(
    name: string,
    parent: TreeNode,
    mode: number,
  ): Promise<TreeNode> {
    // Whoever runs this has to be able to put things into it, and to remove it.
    const node = await this.#add("folder", name, parent, (path) =>
      onHost(
        `make the folder ${quote(path)}`,
        () => Deno.mkdir(path, { mode: mode | 0o700 }),
      ));
    this.#made.folders++;
    return node;
  }

  /** A second name of a file that was extracted, and of nothing else. */
  async #makeHardLink(
    { path, link }: TarEntry,
    name: string,
    parent: TreeNode,
  ): Promise<void> {
    let target: TreeNode | undefined = this.#root;
    for (const part of entryParts(link, this.#isWindows)) {
      target = target?.children.get(part);
    }
    if (target?.kind !== "file") {
      addNode("skipped", name, parent);
      this.#skipped.push({
        path,
        reason: "a second name of what is no file in the archive",
      });
      return;
    }
    const from = this.#place(target);
    await this.#add(
      "file",
      name,
      parent,
      (to) => onHost(`link ${quote(to)}`, () => Deno.link(from, to)),
    );
    this.#made.files++;
  }

  /** Makes what must not be there yet. */
  async #add(
    kind: "file" | "folder",
    name: string,
    parent: TreeNode,
    make: (path: string) => Promise<void>,
  ): Promise<TreeNode> {
    await this.#expectFree(name, parent);
    const node = addNode(kind, name, parent);
    try {
      await make(this.#place(node));
    } catch (error) {
      throw isTaken(error) ? sameName(node) : error;
    }
    return node;
  }

  /** Fails early where moving it up would fail in the end. */
  async #expectFree(name: string, parent: TreeNode): Promise<void> {
    if (parent === this.#root) await this.#staging.expectFree(name);
  }

  async #makeLink(link: TreeNode, to: TreeNode): Promise<void> {
    const path = this.#place(link);
    const type = to.kind === "folder" ? "dir" : "file";
    try {
      await Deno.symlink(link.target!, path, { type });
      this.#made.links++;
    } catch (error) {
      // Deno makes links with unscoped permissions alone, Windows for few.
      const isForbidden = error instanceof Deno.errors.NotCapable ||
        error instanceof Deno.errors.PermissionDenied;
      const failure = hostFailure(`make the link ${quote(path)}`, error);
      if (!isForbidden) throw isTaken(failure) ? sameName(link) : failure;
      this.#leaveOut(link, "a link, and there is no permission to make one");
    }
  }
}

/** Writes a file that must not be there yet; returns its length. */
async function writeFile(
  path: string,
  { mode, mtime }: TarEntry,
  body: AsyncIterable<Uint8Array>,
): Promise<number> {
  const what = `write ${quote(path)}`;
  // The umask applies, as to any file that is made here.
  using file = await onHost(
    what,
    () => Deno.open(path, { write: true, createNew: true, mode }),
  );
  let length = 0;
  for await (const chunk of body) {
    await onHost(what, () => writeAll(file, chunk));
    length += chunk.length;
  }
  if (mtime !== undefined && mtime >= 0 && mtime <= MTIME_MAX) {
    await onHost(what, () => file.utime(mtime, mtime));
  }
  return length;
}

function isTaken(error: unknown): boolean {
  return error instanceof BackendError &&
    error.cause instanceof Deno.errors.AlreadyExists;
}

/** The archive's names are all different, but not so on this file system. */
function sameName(node: TreeNode): BackendError {
  return refuseArchive(
    `its entry ${quote(pathOf(node))} has a name that this system takes for ` +
      "another one's",
  );
}
