import { absolutePath } from "./absolute_path.ts";
import { memoryText, parseMemorySize } from "./memory_size.ts";
import { checkMountTarget } from "./mount_check.ts";
import { refusal } from "./refusal.ts";
import { shown } from "./shown.ts";
import { entriesOf, textOf } from "./spec_values.ts";

/** How large a folder in memory may grow when not told: 256 MiB. */
export const TMPFS_SIZE_DEFAULT = 256 * 2 ** 20;
/** The mode of a folder in memory when not told, which is the kernel's own. */
export const TMPFS_MODE_DEFAULT = "1777";

const TMPFS_COUNT_MAX = 64;
const ID_MAX = 2 ** 32 - 2;
const INODES_MAX = 2 ** 31 - 1;

/** What options of a folder in memory say; undefined where they do not. */
export interface TmpfsOptions {
  /** Whether nothing can be written there. */
  readonly readOnly: boolean | undefined;
  /** Whether programs can be started from there. */
  readonly exec: boolean | undefined;
  /** How many bytes it may hold. */
  readonly size: number | undefined;
  /** Its permissions, in octal digits. */
  readonly mode: string | undefined;
  /** Its owner. */
  readonly uid: number | undefined;
  /** Its group. */
  readonly gid: number | undefined;
  /** How many files it may hold. */
  readonly inodes: number | undefined;
}

/** A folder in memory as it will be: everything that limits it is set. */
export interface CheckedTmpfs extends TmpfsOptions {
  /** Where it is. */
  readonly target: string;
  /** Whether nothing can be written there. */
  readonly readOnly: boolean;
  /** Whether programs can be started from there. */
  readonly exec: boolean;
  /** How many bytes it may hold. */
  readonly size: number;
  /** Its permissions, in octal digits. */
  readonly mode: string;
}

/** Reads folders in memory, which may be anything, with their options. */
export function readTmpfs(
  value: unknown,
  what = "tmpfs",
): ReadonlyMap<string, TmpfsOptions> {
  const folders = new Map<string, TmpfsOptions>();
  for (const [key, options] of entriesOf(value, what, TMPFS_COUNT_MAX)) {
    const target = absolutePath(key, `a target of ${what}`);
    checkMountTarget(target, `a target of ${what}`);
    const name = `${what}[${shown(target)}]`;
    folders.set(target, parseTmpfsOptions(textOf(options, name), name));
  }
  return folders;
}

/**
 * Reads mount options: `rw` or `ro`, `exec` or `noexec`, `nosuid`, `nodev`,
 * `size=`, `mode=`, `uid=`, `gid=` and `nr_inodes=`, each at most once.
 *
 * @param text The options, apart by commas; may be empty.
 * @param what Whose they are, as messages name it.
 * @throws {BackendError} `spec_refused` for any other, for `suid` and `dev`,
 * which would loosen, and for a size of 0, which has no limit.
 */
export function parseTmpfsOptions(text: string, what: string): TmpfsOptions {
  const given = new Map<string, string>();
  for (const option of text === "" ? [] : text.split(",")) {
    const [name, value] = splitOption(option);
    const topic = TOPICS.get(name);
    if (topic === undefined || topic.hasValue !== (value !== undefined)) {
      throw refusal(`${what} has the option ${shown(option)}; ${RULE}`);
    }
    if (given.has(topic.is)) {
      throw refusal(`${what} says twice what its ${topic.is} is`);
    }
    given.set(topic.is, value ?? name);
  }
  const read = <T>(topic: string, parse: (value: string) => T | undefined) => {
    const value = given.get(topic);
    if (value === undefined) return undefined;
    const parsed = parse(value);
    if (parsed !== undefined) return parsed;
    throw refusal(`${what} has the ${topic} ${shown(value)}; ${RULE}`);
  };
  return Object.freeze({
    readOnly: read("access", (word) => word === "ro"),
    exec: read("exec", (word) => word === "exec"),
    size: read("size", (digits) => positive(parseMemorySize(digits))),
    mode: read("mode", (digits) => MODE.test(digits) ? digits : undefined),
    uid: read("uid", (digits) => integer(digits, 0, ID_MAX)),
    gid: read("gid", (digits) => integer(digits, 0, ID_MAX)),
    inodes: read("nr_inodes", (digits) => integer(digits, 1, INODES_MAX)),
  });
}

const MODE = /^[0-7]{3,4}$/;
const RULE = "what it may have is rw or ro, exec or noexec, nosuid, nodev, " +
  "size= with bytes or 64k, 512m, 1g (no share, and not 0), mode= in octal, " +
  "uid=, gid= and nr_inodes= (not 0)";

/** What each option is about, and whether it has a value. */
const TOPICS: ReadonlyMap<string, { is: string; hasValue: boolean }> = new Map([
  ["rw", { is: "access", hasValue: false }],
  ["ro", { is: "access", hasValue: false }],
  ["exec", { is: "exec", hasValue: false }],
  ["noexec", { is: "exec", hasValue: false }],
  ["nosuid", { is: "nosuid", hasValue: false }],
  ["nodev", { is: "nodev", hasValue: false }],
  ["size", { is: "size", hasValue: true }],
  ["mode", { is: "mode", hasValue: true }],
  ["uid", { is: "uid", hasValue: true }],
  ["gid", { is: "gid", hasValue: true }],
  ["nr_inodes", { is: "nr_inodes", hasValue: true }],
]);

function splitOption(option: string): [string, string | undefined] {
  const at = option.indexOf("=");
  return at < 0
    ? [option, undefined]
    : [option.slice(0, at), option.slice(at + 1)];
}

function positive(size: number | undefined): number | undefined {
  return size === 0 ? undefined : size;
}

function integer(digits: string, min: number, max: number): number | undefined {
  const value = /^\d{1,10}$/.test(digits) ? Number(digits) : -1;
  return value >= min && value <= max ? value : undefined;
}

/**
 * Fills in what the options of a folder in memory leave open.
 *
 * @param target Where it is.
 * @param options What was asked for.
 * @param memory The sandbox's memory, which holds it.
 * @throws {BackendError} `spec_refused` if its size is over the memory.
 */
export function completeTmpfs(
  target: string,
  options: TmpfsOptions,
  memory: number,
): CheckedTmpfs {
  const size = options.size ?? Math.min(TMPFS_SIZE_DEFAULT, memory);
  if (size > memory) {
    throw refusal(
      `tmpfs[${shown(target)}] has the size ${memoryText(size)}, but the ` +
        `sandbox's memory, which holds it, is ${memoryText(memory)}`,
    );
  }
  return Object.freeze({
    ...options,
    target,
    readOnly: options.readOnly ?? false,
    exec: options.exec ?? true,
    size,
    mode: options.mode ?? TMPFS_MODE_DEFAULT,
  });
}

/**
 * The options of a folder in memory, as an engine takes them. They say all that
 * there is to say, since engines have defaults of their own, such as `noexec`.
 *
 * @param tmpfs The folder.
 */
export function tmpfsText(tmpfs: CheckedTmpfs): string {
  const { readOnly, exec, size, mode, uid, gid, inodes } = tmpfs;
  return [
    readOnly ? "ro" : "rw",
    "nosuid",
    "nodev",
    exec ? "exec" : "noexec",
    `size=${size}`,
    `mode=${mode}`,
    ...(uid === undefined ? [] : [`uid=${uid}`]),
    ...(gid === undefined ? [] : [`gid=${gid}`]),
    ...(inodes === undefined ? [] : [`nr_inodes=${inodes}`]),
  ].join(",");
}
