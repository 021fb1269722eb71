import { createHash, type Hash } from "node:crypto";
import { BackendError } from "../backend_error.ts";
import { FORWARDER_SOCKET } from "../egress/forwarder_contract.ts";
import { forwarderSource } from "../egress/forwarder_program.ts";
import { quote } from "../files/file_paths.ts";
import { fileBytes, onHost } from "../files/host_files.ts";
import { archiveEnd, entryHead, entryTail } from "../files/tar_write.ts";
import type { ProgramFiles } from "./find_libraries.ts";
import { FORWARDER_PROGRAM, forwarderConfig } from "./image_config.ts";

/** How much of a file is read and passed on at once. */
const PIECE_BYTES = 256 * 1024;

/** Whatever the image is made of, without a time, so that it is always the same. */
interface RootEntry {
  /** Its path, without a slash at either end. */
  readonly path: string;
  readonly mode: number;
  /** What is in it; undefined for a folder. */
  readonly content?: { readonly file: string } | { readonly text: string };
}

/**
 * The forwarder's root file system as an archive: Deno, its loader and libraries,
 * the program, a file to mount the socket over, and `/tmp`. There is no shell.
 *
 * @param deno Deno and its libraries.
 * @throws {BackendError} `file_failed` if something cannot be read, or changes as
 * it is read.
 */
export async function* forwarderRoot(
  deno: ProgramFiles,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const { path, mode, content } of withFolders(entries(deno))) {
    const head = { path, mode, mtime: 0, link: "" };
    if (content === undefined) {
      yield* entryHead({ ...head, type: "directory", size: 0 });
    } else if ("text" in content) {
      const bytes = new TextEncoder().encode(content.text);
      yield* entryHead({ ...head, type: "file", size: bytes.length });
      yield bytes;
      yield entryTail(bytes.length);
    } else {
      const what = `read ${quote(content.file)}`;
      using file = await onHost(what, () => Deno.open(content.file));
      const { size } = await onHost(what, () => file.stat());
      yield* entryHead({ ...head, type: "file", size });
      yield* fileBytes(file, { size, what, pieceBytes: PIECE_BYTES });
      yield entryTail(size);
    }
  }
  yield archiveEnd();
}

/**
 * What an image is known by that is made of these files: a digest of everything in
 * it and of how it is started.
 *
 * @param deno Deno and its libraries.
 * @param signal Ends it.
 * @throws {BackendError} As `forwarderRoot` does.
 */
export async function forwarderDigest(
  deno: ProgramFiles,
  signal?: AbortSignal,
): Promise<string> {
  const hash = startDigest(deno);
  for await (const bytes of forwarderRoot(deno)) {
    signal?.throwIfAborted();
    hash.update(bytes);
  }
  return hash.digest("hex");
}

/**
 * The root file system as it was when its digest was made. Of another one, the end
 * never comes, so that nothing is made of it under a label that is not its own.
 *
 * @param deno Deno and its libraries.
 * @param digest The digest.
 * @throws {BackendError} As `forwarderRoot` does, and `file_failed` if it is
 * another one.
 */
export async function* checkedRoot(
  deno: ProgramFiles,
  digest: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = startDigest(deno);
  let held: Uint8Array | undefined;
  for await (const bytes of forwarderRoot(deno)) {
    if (held !== undefined) yield held;
    hash.update(bytes);
    held = bytes;
  }
  if (hash.digest("hex") !== digest) {
    throw new BackendError(
      "file_failed",
      `Cannot read ${quote(deno.path)} and its libraries on the host: they ` +
        "changed meanwhile. Try again",
    );
  }
  if (held !== undefined) yield held;
}

function startDigest({ architecture }: ProgramFiles): Hash {
  return createHash("sha256")
    .update(JSON.stringify([architecture, forwarderConfig("")]));
}

function entries(deno: ProgramFiles): RootEntry[] {
  return [
    { path: "bin/deno", mode: 0o755, content: { file: deno.path } },
    {
      path: deno.interpreter.slice(1),
      mode: 0o755,
      content: { file: deno.interpreter },
    },
    ...[...deno.libraries].map(([name, file]) => ({
      path: `lib/${name}`,
      mode: 0o755,
      content: { file },
    })),
    { path: "tmp", mode: 0o1777 },
    {
      path: FORWARDER_PROGRAM.slice(1),
      mode: 0o644,
      content: { text: forwarderSource() },
    },
    { path: FORWARDER_SOCKET.slice(1), mode: 0o644, content: { text: "" } },
  ];
}

/** Entries, with the folders that they are in before them. */
function* withFolders(entries: Iterable<RootEntry>): Generator<RootEntry> {
  const made = new Set<string>();
  for (const entry of entries) {
    const parts = entry.path.split("/").slice(0, -1);
    for (let depth = 1; depth <= parts.length; depth++) {
      const path = parts.slice(0, depth).join("/");
      if (made.has(path)) continue;
      made.add(path);
      yield { path, mode: 0o755 };
    }
    yield entry;
  }
}
