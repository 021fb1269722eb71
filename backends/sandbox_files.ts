import { FileCall } from "./files/file_call.ts";
import { downloadTar } from "./files/file_download.ts";
import { parseList, parseStat } from "./files/file_entries.ts";
import {
  checkBound,
  checkLimit,
  checkMode,
  FILE_BYTES_MAX,
  LIST_LIMIT,
  TREE_BYTES_MAX,
  treeBounds,
} from "./files/file_bounds.ts";
import { checkPath, quote, type SandboxPath } from "./files/file_paths.ts";
import { readFile } from "./files/file_read.ts";
import { LIST, MAKE_FOLDER, REMOVE, STAT } from "./files/file_scripts.ts";
import { uploadTar } from "./files/file_upload.ts";
import { writeFile } from "./files/file_write.ts";
import { extractTar } from "./files/tar_extract.ts";
import { FolderArchive } from "./files/tar_pack.ts";
import type {
  DownloadOptions,
  DownloadToOptions,
  FileOptions,
  FilesRunner,
  ListOptions,
  MakeFolderOptions,
  ReadFileOptions,
  RemoveOptions,
  SandboxFileInfo,
  TreeReport,
  UploadFromOptions,
  UploadOptions,
  WriteFileOptions,
} from "./sandbox_files_options.ts";

export type * from "./sandbox_files_options.ts";

/** How much the script of `list` may write for an entry: a name has 255 bytes. */
const LIST_ENTRY_BYTES = 400;
const LIST_BYTES = 64 * 1024;

const encoder = new TextEncoder();

/**
 * The files of a sandbox.
 *
 * Everything goes through the input and output of programs that run in the
 * sandbox, under its user and its limits: what it may not write, this cannot
 * write, and what only it sees, such as a folder in memory, this sees. Needed are
 * `sh` and, by method, `cat` (`read`), `stat` and `readlink` (`stat`), `stat` and
 * `ls` (`list`), `cat`, `chmod`, `mkdir`, `mv`, `rm` and `stat` (`write`), `rm` and
 * `rmdir` (`remove`), `mkdir` (`makeFolder`), `tar` (the rest); of BusyBox or of
 * GNU. Where one is missing, the call fails with `unsupported`, which names it.
 *
 * Paths in the sandbox are absolute, without `..`. Names that are not UTF-8 can be
 * told and taken: see {@linkcode SandboxFileInfo.name}. The sandbox is not
 * trusted: whatever its programs answer is checked, and bounded in size.
 *
 * All calls fail with a {@linkcode BackendError}: `file_not_found`; `file_failed`
 * with the system's words, such as "Is a directory" or "Permission denied";
 * `file_refused` for a path that is not absolute or has a `..`; `unsupported`;
 * `timeout`; `sandbox_gone` or what else the backend fails with. When aborted,
 * they fail with the signal's reason.
 *
 * @example Bringing work in and results out
 * ```ts
 * import { SandboxFiles } from "@zu/backends/backends";
 *
 * async function summarize(files: SandboxFiles): Promise<string> {
 *   await files.write("/tmp/task/input.txt", "one\ntwo\n", { parents: true });
 *   // … run a program that reads it …
 *   const results = await files.list("/tmp/task");
 *   console.log(results.map(({ name, size }) => `${name}: ${size} bytes`));
 *   await files.downloadTo("/tmp/task", "results", { maxBytes: 10_000_000 });
 *   return await files.readText("/tmp/task/input.txt");
 * }
 * ```
 */
export class SandboxFiles {
  readonly #runner: FilesRunner;

  /**
   * Takes what runs programs in the sandbox.
   *
   * @param runner The runner.
   */
  constructor(runner: FilesRunner) {
    this.#runner = runner;
  }

  /**
   * Reads a file, through links.
   *
   * @param path The file.
   * @param options How large it may be, and cancellation.
   * @returns Its bytes.
   * @throws {BackendError} `file_too_large`, of which no more than `maxBytes` is
   * ever held; `file_failed` if it is a folder, a pipe or a device; and as all.
   */
  async read(
    path: string,
    options: ReadFileOptions = {},
  ): Promise<Uint8Array<ArrayBuffer>> {
    const { maxBytes = FILE_BYTES_MAX } = options;
    checkBound("maxBytes", maxBytes);
    const place = checkPath(path);
    const call = this.#call("read", place, options);
    return await readFile(call, place.path, maxBytes);
  }

  /**
   * Reads a file as UTF-8.
   *
   * @param path The file.
   * @param options How large it may be, and cancellation.
   * @returns Its text; what is not UTF-8 becomes U+FFFD.
   * @throws {BackendError} As {@linkcode SandboxFiles.read}.
   */
  async readText(path: string, options?: ReadFileOptions): Promise<string> {
    return new TextDecoder().decode(await this.read(path, options));
  }

  /**
   * Writes a file: all of it, or nothing. It is put beside its place under another
   * name, and renamed when it is whole; a link in its place is replaced, not
   * followed. A call that fails or is aborted leaves nothing, folders included.
   *
   * @param path The file.
   * @param data Its content. A stream is cancelled if it is not read to its end.
   * @param options Permissions, folders, how large it may be, and cancellation.
   * @throws {BackendError} `file_too_large`, and as all.
   * @throws What a stream fails with.
   */
  async write(
    path: string,
    data: Uint8Array | string | ReadableStream<Uint8Array>,
    options: WriteFileOptions = {},
  ): Promise<void> {
    const { maxBytes = FILE_BYTES_MAX, parents = false } = options;
    checkBound("maxBytes", maxBytes);
    const mode = checkMode(options.mode);
    const place = checkPath(path);
    const call = this.#call("write", place, options);
    if (place.name === "") throw refuseRoot(call);
    const content = typeof data === "string" ? encoder.encode(data) : data;
    if (content instanceof Uint8Array && content.length > maxBytes) {
      throw call.tooLarge(`${maxBytes} bytes`);
    }
    await writeFile(call, content, { place, mode, parents, maxBytes });
  }

  /**
   * Tells what is at a path; of a link, about the link itself.
   *
   * @param path The path.
   * @param options Cancellation.
   * @returns Its name, type, size and so on.
   * @throws {BackendError} As all.
   */
  async stat(
    path: string,
    options: FileOptions = {},
  ): Promise<SandboxFileInfo> {
    const place = checkPath(path);
    const call = this.#call("look at", place, options);
    const answer = await call.ask(STAT, [place.path]);
    return parseStat(answer, place.name || "/", call);
  }

  /**
   * Tells what is in a folder, sorted by name, without `.` and `..`. What comes or
   * goes meanwhile may or may not be told.
   *
   * @param path The folder.
   * @param options How much may be in it, and cancellation.
   * @returns Its entries, without what links point to.
   * @throws {BackendError} `file_too_large` if there are more entries than `limit`,
   * and as all.
   */
  async list(
    path: string,
    options: ListOptions = {},
  ): Promise<SandboxFileInfo[]> {
    const { limit = LIST_LIMIT } = options;
    checkLimit(limit);
    const place = checkPath(path);
    const call = this.#call("list", place, options);
    const answer = await call.ask(LIST, [place.path, `${limit}`], {
      answerMax: LIST_BYTES + limit * LIST_ENTRY_BYTES,
      bound: `${limit} entries`,
    });
    return parseList(answer, call);
  }

  /**
   * Removes a file, a link, or a folder that is empty. What is not there counts as
   * removed. The root is refused, recursively or not.
   *
   * @param path What to remove.
   * @param options Whether to remove what is in a folder, and cancellation.
   * @throws {BackendError} As all.
   */
  async remove(path: string, options: RemoveOptions = {}): Promise<void> {
    const place = checkPath(path);
    const call = this.#call("remove", place, options);
    if (place.name === "") throw refuseRoot(call);
    await call.ask(REMOVE, [place.path, options.recursive ? "1" : "0"]);
  }

  /**
   * Makes a folder.
   *
   * @param path The folder.
   * @param options Permissions, the folders above, and cancellation.
   * @throws {BackendError} `file_failed` if there is something, unless that is a
   * folder and `parents` is set; and as all.
   */
  async makeFolder(
    path: string,
    options: MakeFolderOptions = {},
  ): Promise<void> {
    const mode = checkMode(options.mode);
    const place = checkPath(path);
    const call = this.#call("make the folder", place, options);
    const flag = options.parents ? "1" : "0";
    await call.ask(MAKE_FOLDER, [place.path, mode?.toString(8) ?? "", flag]);
  }

  /**
   * Reads a tree as tar: what is in a folder, named from there, or one file.
   *
   * The program in the sandbox is started when the stream is first read, waits
   * when it is not read, and is ended when it is cancelled. It is the sandbox that
   * writes the archive: extract it with care, as {@linkcode SandboxFiles.downloadTo}
   * does.
   *
   * @param path The folder or file.
   * @param options How much there may be, and cancellation.
   * @returns The archive. It fails with a {@linkcode BackendError}, if need be at
   * its end, if anything could not be read, or changed as it was; and with
   * `file_too_large`.
   * @throws {BackendError} `file_refused`, for the path.
   */
  download(
    path: string,
    options: DownloadOptions = {},
  ): ReadableStream<Uint8Array> {
    const { maxBytes = TREE_BYTES_MAX } = options;
    checkBound("maxBytes", maxBytes);
    const place = checkPath(path);
    return downloadTar(this.#call("download", place, options), place, maxBytes);
  }

  /**
   * Extracts a tar in a folder, with the sandbox's own tar. What was there stays,
   * unless a file of the same name comes. If it fails, what was extracted until
   * then stays, too. Owners are not kept.
   *
   * @param path The folder.
   * @param tar The archive. It is cancelled if it is not read to its end.
   * @param options Whether to make the folder, how much there may be, cancellation.
   * @throws {BackendError} `file_too_large`, and as all.
   * @throws What the archive's stream fails with.
   */
  async upload(
    path: string,
    tar: ReadableStream<Uint8Array>,
    options: UploadOptions = {},
  ): Promise<void> {
    const { maxBytes = TREE_BYTES_MAX, parents = false } = options;
    checkBound("maxBytes", maxBytes);
    const place = checkPath(path);
    const call = this.#call("upload to", place, options);
    await uploadTar(call, tar, { path: place.path, parents, maxBytes });
  }

  /**
   * Copies what is in a folder of the sandbox, or one file, into a folder of the
   * host. Needs permission to read and write that folder.
   *
   * The archive comes from the sandbox and is not trusted. It is extracted into a
   * new folder inside of the host's and moved up when all is well; otherwise
   * nothing stays. Nothing is replaced, and nothing written outside: an entry that
   * is absolute, has a `..`, is in the archive twice or under something that is no
   * folder makes the whole `file_refused`, as does a name that is taken. Links are
   * made last, and only relative ones that lead, through whatever other links, to
   * something in the archive. Other links, devices, pipes, and names that are not
   * UTF-8, which Deno cannot use, are left out and told of. Of permissions, the
   * setuid bits are dropped and the umask applies; folders stay writable to you.
   * Deno makes links only if it is granted all reading and writing.
   *
   * @param path The folder or file in the sandbox.
   * @param hostFolder Where to put it; made if it is not there.
   * @param options How much there may be, and cancellation.
   * @returns What was copied and what was left out.
   * @throws {BackendError} `file_refused`, `file_too_large`, `file_failed` also for
   * the host's files, and as all.
   */
  async downloadTo(
    path: string,
    hostFolder: string,
    options: DownloadToOptions = {},
  ): Promise<TreeReport> {
    const bounds = treeBounds(options);
    const place = checkPath(path);
    const call = this.#call("download", place, options);
    call.throwIfAborted();
    // How long the archive may be follows from what may be in it.
    const tar = downloadTar(call, place, Number.POSITIVE_INFINITY);
    return await extractTar(tar, hostFolder, bounds);
  }

  /**
   * Copies what is in a folder of the host into a folder of the sandbox. Needs
   * permission to read the host's folder. Links go as links, whatever they point
   * to, and are not followed; other files than these are left out and told of.
   *
   * @param hostFolder The host's folder.
   * @param path The folder in the sandbox.
   * @param options Whether to make the folder, how much there may be, cancellation.
   * @returns What was copied and what was left out.
   * @throws {BackendError} `file_too_large`, `file_failed` also for the host's
   * files, and as {@linkcode SandboxFiles.upload}.
   */
  async uploadFrom(
    hostFolder: string,
    path: string,
    options: UploadFromOptions = {},
  ): Promise<TreeReport> {
    const archive = new FolderArchive(hostFolder, treeBounds(options));
    const bytes = archive.bytes();
    try {
      const maxBytes = Number.MAX_SAFE_INTEGER;
      const tar = ReadableStream.from(bytes);
      await this.upload(path, tar, { ...options, maxBytes });
    } finally {
      // Closes the file that was being read when it was called off.
      await bytes.return();
    }
    return archive.report;
  }

  #call(verb: string, { path }: SandboxPath, options: FileOptions): FileCall {
    return new FileCall(this.#runner, `${verb} ${quote(path)}`, options);
  }
}

function refuseRoot(call: FileCall): Error {
  return call.error("file_refused", "it is the root");
}
