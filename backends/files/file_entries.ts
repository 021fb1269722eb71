import type { FileCall } from "./file_call.ts";
import { decodeName } from "./file_names.ts";
import type { SandboxFileInfo } from "../sandbox_files_options.ts";

const latin1 = new TextDecoder("latin1");

const NEWLINE = 10;
const SLASH = 47;

/** The kind of file by the first digit of its mode, as the kernel has them. */
const TYPES: Readonly<Record<number, SandboxFileInfo["type"]>> = {
  0o04: "directory",
  0o10: "file",
  0o12: "symlink",
};

/** As far as a `Date` goes, in seconds. */
const SECONDS_MAX = 8.64e12;

function garbled(call: FileCall): Error {
  return call.error("file_failed", "its stat answers with what is no status");
}

/** Reads "mode size mtime uid gid". The sandbox may have written anything. */
function parseFields(
  text: string,
  call: FileCall,
): Omit<SandboxFileInfo, "name"> {
  const match =
    /^([0-9a-f]{1,8}) (\d{1,16}) (-?\d{1,16}) (\d{1,10}) (\d{1,10})$/.exec(
      text,
    );
  if (match === null) throw garbled(call);
  const mode = Number.parseInt(match[1]!, 16);
  const [size, mtime, uid, gid] = match.slice(2).map(Number) as [
    number,
    number,
    number,
    number,
  ];
  if (!Number.isSafeInteger(size) || Math.abs(mtime) > SECONDS_MAX) {
    throw garbled(call);
  }
  return {
    type: TYPES[mode >> 12] ?? "other",
    size,
    mode: mode & 0o7777,
    mtime: new Date(mtime * 1000),
    uid,
    gid,
  };
}

/**
 * Reads what the script of `stat` wrote: a line, and then a link's target.
 *
 * @param bytes What it wrote.
 * @param name The name of what it is about.
 * @param call The call that this is done for.
 * @returns The status.
 * @throws {BackendError} `file_failed` if it is none.
 */
export function parseStat(
  bytes: Uint8Array,
  name: string,
  call: FileCall,
): SandboxFileInfo {
  const end = bytes.indexOf(NEWLINE);
  if (end === -1) throw garbled(call);
  const fields = parseFields(latin1.decode(bytes.subarray(0, end)), call);
  const info = { name, ...fields };
  if (fields.type !== "symlink") return info;
  return { ...info, linkTarget: decodeName(bytes.subarray(end + 1)) };
}

/**
 * Reads what the script of `list` wrote: of each entry a slash, its fields, its
 * name and a newline. A name may have newlines in it, but no slash.
 *
 * @param bytes What it wrote.
 * @param call The call that this is done for.
 * @returns The entries, by name.
 * @throws {BackendError} `file_failed` if it is no list.
 */
export function parseList(
  bytes: Uint8Array,
  call: FileCall,
): SandboxFileInfo[] {
  const entries: SandboxFileInfo[] = [];
  for (let start = 0; start < bytes.length;) {
    if (bytes[start] !== SLASH) throw garbled(call);
    const next = bytes.indexOf(SLASH, start + 1);
    const end = next === -1 ? bytes.length : next;
    if (bytes[end - 1] !== NEWLINE) throw garbled(call);
    entries.push(parseEntry(bytes.subarray(start + 1, end - 1), call));
    start = end;
  }
  return entries.sort((a, b) => a.name < b.name ? -1 : 1);
}

function parseEntry(record: Uint8Array, call: FileCall): SandboxFileInfo {
  let at = -1;
  for (let field = 0; field < 5; field++) {
    at = record.indexOf(32, at + 1);
    if (at === -1) throw garbled(call);
  }
  const name = record.subarray(at + 1);
  const text = decodeName(name);
  if (["", ".", ".."].includes(text) || text.includes("\0")) {
    throw garbled(call);
  }
  return {
    name: text,
    ...parseFields(latin1.decode(record.subarray(0, at)), call),
  };
}
