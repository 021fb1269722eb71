import { encodeName } from "./file_names.ts";

/** Exit codes that mean something between the scripts and this process. */
export const EXIT_NO_TOOL = 81;
/** What was asked for is larger than was allowed. */
export const EXIT_TOO_LARGE = 83;
/** What happened is on standard error. */
const EXIT_FAILED = 84;

/**
 * What each script begins with. Messages are read, so they must not be translated.
 * `up` turns a folder into the one above it.
 */
const PRELUDE = `LC_ALL=C; export LC_ALL
need() { for t; do command -v "$t" >/dev/null 2>&1 || {
  echo "$t" >&2; exit ${EXIT_NO_TOOL}; }; done; }
fail() { echo "$1" >&2; exit ${EXIT_FAILED}; }
up() { d=\${d%/*}; d=\${d:-/}; }
folder() { [ -d "$1" ] && return
  [ -e "$1" ] && fail "$1: Not a directory"
  need cat; cat "$1" >/dev/null; exit ${EXIT_FAILED}; }
`;

/** Writes a file out. Arguments: path, size at most. */
export const READ = `need cat
[ -d "$1" ] && fail "$1: Is a directory"
[ -e "$1" ] && [ ! -f "$1" ] && fail "$1: Not a regular file"
size=$(stat -L -c %s "$1" 2>/dev/null) && [ "$size" -gt "$2" ] &&
  exit ${EXIT_TOO_LARGE}
exec cat "$1"
`;

// A file is written beside its place and then renamed. The input's end alone
// does not mean that all of it came: it looks the same when the host is gone. So
// it is renamed if it has the size that was told, or, if none could be told, by
// a second script when the host has seen all go out.
//
// Arguments: path, its folder, a token, size or "-", mode or "keep", 1 to make
// folders. Those are made last, so that a failure leaves none: until then the
// file is in the first folder above that is there, on the same file system.

// The shell itself opens the file: a program that it starts might get to that only
// when the shell has been ended, and what it left been removed.
const WRITE_BEGIN = `need cat chmod mkdir mv rm stat
d=$2
if [ "$6" = 1 ]; then while [ ! -d "$d" ]; do up; done; else folder "$d"; fi
t=\${d%/}/.zu-$3
drop() { rm -f "$t"; exit ${EXIT_FAILED}; }
[ -d "$1" ] && fail "$1: Is a directory"
u=$(umask)
umask 077; set -C
exec 3> "$t"
umask "$u"; set +C
cat >&3 || drop
exec 3>&-
`;

const WRITE_CHECK = `[ "$(stat -c %s "$t")" = "$4" ] || {
  echo "not all of it came" >&2; drop; }
`;

const WRITE_FIND = `d=$2
while [ ! -f "\${d%/}/.zu-$3" ]; do
  [ "$d" = / ] && fail "what was written is gone"
  up
done
t=\${d%/}/.zu-$3
drop() { rm -f "$t"; exit ${EXIT_FAILED}; }
`;

const WRITE_END = `m=$5
if [ "$m" = keep ]; then
  m=644
  [ -f "$1" ] && [ ! -L "$1" ] && m=$(stat -c %a "$1")
  case $m in ????) m=\${m#?};; esac
fi
chmod "$m" "$t" || drop
[ "$6" = 0 ] || mkdir -p "$2" || drop
[ -d "$1" ] && { echo "$1: Is a directory" >&2; drop; }
mv -f "$t" "$1" || drop
`;

/** Takes a file of a known size in. */
export const WRITE: string = WRITE_BEGIN + WRITE_CHECK + WRITE_END;
/** Takes a file in, and waits for the word that it is whole. */
export const WRITE_STAGE: string = WRITE_BEGIN;
/** Puts a file that was taken in into its place. */
export const WRITE_COMMIT: string = WRITE_FIND + WRITE_END;
/** Removes what was taken in, wherever it is. */
export const WRITE_DROP = `d=$2
while :; do
  rm -f "\${d%/}/.zu-$3"
  [ "$d" = / ] && exit 0
  up
done
`;

/** The fields of a status, as both BusyBox and coreutils know them. */
const FIELDS = "%f %s %Y %u %g";

/** Writes a status out and then, of a link, its target. Arguments: path. */
export const STAT = `need stat
stat -c '${FIELDS}' "$1" || exit ${EXIT_FAILED}
if [ -L "$1" ]; then need readlink; exec readlink -n "$1"; fi
`;

/**
 * Writes out what is in a folder. Each entry begins with a slash, which no name
 * has, and ends with its name and a newline. Arguments: path, entries at most.
 *
 * In batches, since the kernel bounds the arguments of a program; in small ones,
 * since the shell copies them all whenever one is added.
 */
export const LIST = `need stat
folder "$1"
cd "$1" || { need ls; ls "$1" >/dev/null; exit ${EXIT_FAILED}; }
max=$2 n=0
set --
for f in * .[!.]* ..?*; do
  [ -e "$f" ] || [ -L "$f" ] || continue
  n=$((n+1)); [ "$n" -gt "$max" ] && exit ${EXIT_TOO_LARGE}
  set -- "$@" "$f"
  [ $# -lt 32 ] && continue
  stat -c '/${FIELDS} %n' -- "$@"
  set --
done
[ $# -eq 0 ] || stat -c '/${FIELDS} %n' -- "$@"
if [ "$n" -eq 0 ]; then need ls; ls -a . >/dev/null || exit ${EXIT_FAILED}; fi
exit 0
`;

/** Removes. Arguments: path, 1 to remove what is in it. */
export const REMOVE = `need rm
[ "$2" = 1 ] && exec rm -rf "$1"
if [ -d "$1" ] && [ ! -L "$1" ]; then need rmdir; exec rmdir "$1"; fi
exec rm -f "$1"
`;

/** Makes a folder. Arguments: path, mode or "", 1 to make those above it. */
export const MAKE_FOLDER = `need mkdir
p=$1 m=$2 a=$3
set -- "$p"
[ -n "$m" ] && set -- -m "$m" "$@"
[ "$a" = 1 ] && set -- -p "$@"
exec mkdir "$@"
`;

/** Writes a tree out as tar. Arguments: path, its folder, its name. */
export const DOWNLOAD = `need tar
[ -d "$1" ] && exec tar -cf - -C "$1" .
[ -e "$1" ] || [ -L "$1" ] || folder "$1"
exec tar -cf - -C "$2" "./$3"
`;

/**
 * Takes a tree in as tar. Arguments: path, 1 to make the folder. Owners are not
 * kept; and BusyBox leaves out links with ".." in them unless it is told not to.
 */
export const UPLOAD = `need tar
[ "$2" = 1 ] && { need mkdir; mkdir -p "$1" || exit ${EXIT_FAILED}; }
folder "$1"
EXTRACT_UNSAFE_SYMLINKS=1; export EXTRACT_UNSAFE_SYMLINKS
exec tar -xof - -C "$1"
`;

/** Turns arguments back into the bytes that they stand for. */
const DECODE = `n=$#
while [ "$n" -gt 0 ]; do
  a=$(printf '%b.' "$1"); shift; set -- "$@" "\${a%.}"; n=$((n-1))
done
`;

/** A byte as `printf %b` reads it. */
function escape(byte: number): string {
  return `\\0${byte.toString(8).padStart(3, "0")}`;
}

/**
 * The program and arguments that run a script. An engine takes arguments as JSON,
 * in which only text can be: bytes that are not UTF-8 go in escaped.
 *
 * @param script One of the scripts.
 * @param args Its arguments; paths are checked ones.
 * @returns The argv.
 */
export function scriptArgv(script: string, args: readonly string[]): string[] {
  const start = ["sh", "-c"];
  if (args.every((arg) => arg.isWellFormed())) {
    return [...start, PRELUDE + script, "sh", ...args];
  }
  const escaped = args.map((arg) =>
    Array.from(encodeName(arg) ?? [], escape).join("")
  );
  return [...start, PRELUDE + DECODE + script, "sh", ...escaped];
}
