/**
 * Tells which run a process belongs to, in a way that the process cannot shake
 * off: by two of its resource limits.
 *
 * The Engine has no call to end an exec, so that its processes have to be found
 * from within the container. Names, groups, sessions, parents and environments
 * can all be changed by the process itself. Limits are inherited by every child,
 * shown to everyone in `/proc/PID/limits`, and without CAP_SYS_RESOURCE, which no
 * sandbox has, can only ever be lowered. Two are used that Linux has not enforced
 * since 2.4, resident set size and file locks. The n-th run of a sandbox gets
 * `BASE - n` of the one and `BASE + n` of the other: no process can get from one
 * run's pair to another's, since one of the two would have to rise. One that
 * lowers its limits still is at or below those of its own run.
 */

/** Which option of the shell's `ulimit` sets file locks: it depends on the shell. */
export type LocksOption = "x" | "w";

/** A shell that can set tags. */
export interface TaggingShell {
  /** Where it is: a program may put another one before it on the path. */
  readonly path: string;
  readonly option: LocksOption;
}

/** The limits of one run. */
export interface ProcessTag {
  /** Resident set size, in KiB. */
  readonly rss: number;
  /** File locks. */
  readonly locks: number;
}

/** Far above what means anything, and exact as a JavaScript number in bytes. */
const BASE = 2 ** 40;

/** The tag of a sandbox's n-th run. */
export function processTag(n: number): ProcessTag {
  return { rss: BASE - n, locks: BASE + n };
}

/**
 * A program and its arguments, started with a tag.
 *
 * The shell replaces itself by the program, so that no process is added.
 */
export function taggedArgv(
  argv: readonly string[],
  { rss, locks }: ProcessTag,
  { option, path }: TaggingShell,
): string[] {
  const script = `ulimit -m ${rss} && ulimit -${option} ${locks} || exit 126
exec "$@"`;
  return [path, "-c", script, "sh", ...argv];
}

/**
 * Sets the variable `zu_locks` to the option that this shell has, or to nothing.
 * Both limits are tried in a subshell, since they cannot be undone.
 */
export const FIND_LOCKS_OPTION = `zu_locks=
for zu_o in x w; do
  (ulimit -m ${BASE} && ulimit -$zu_o ${BASE}) 2>/dev/null && zu_locks=$zu_o && break
done`;

/** How many times the processes are looked through at most. */
const PASSES_MAX = 200;
/** What the script prints before its two counts. */
const REPORT = "zu-ended";

/**
 * A shell script, with nothing but what every shell has built in, that kills each
 * process of a run until a pass finds none.
 *
 * A process that forks and exits again and again can slip through a pass: it is
 * gone when its turn comes, and its child was not there when the pass began. So a
 * pass in which any process went away unread, or was of the run and dying, proves
 * nothing, and is taken again. One whose first thread has ended is said to be dead
 * while its others go on; the number of its threads tells.
 *
 * @param tag The run's tag.
 * @param spared A process that may live on, such as a shell that goes on.
 */
export function killScript(tag: ProcessTag, spared?: number): string {
  return passes(
    tag,
    spared,
    `if kill -9 $pid; then again=1 killed=$((killed+1))
    elif [ -e $dir ]; then left=$((left+1))
    else again=1
    fi`,
  );
}

/**
 * The same without killing: tells how many are left. To be run by a user whom no
 * process of the run can reach, since its own could stop it and answer for it.
 */
export function lookScript(tag: ProcessTag, spared?: number): string {
  return passes(tag, spared, "left=$((left+1))");
}

function passes(
  { rss, locks }: ProcessTag,
  spared: number | undefined,
  onFound: string,
): string {
  return `rss=${rss * 1024} locks=${locks} spared=${spared ?? 0} killed=0 pass=0
while [ $pass -lt ${PASSES_MAX} ]; do
  left=0 again=0
  for dir in /proc/[0-9]*; do
    r= l= s= t=
    while read -r a b c soft hard unit; do
      case "$b $c" in
        "resident set") r=$hard ;;
        "file locks") l=$hard; break ;;
      esac
    done <$dir/limits
    case $r$l in '') again=1; continue ;; *[!0-9]*) continue ;; esac
    [ $r -le $rss ] && [ $l -le $locks ] || continue
    while read -r k v rest; do
      case $k in State:) s=$v ;; Threads:) t=$v; break ;; esac
    done <$dir/status
    case $s$t in ''|X*|Z|Z[01]) again=1; continue ;; esac
    pid=\${dir#/proc/}
    [ $pid = $spared ] && continue
    ${onFound}
  done
  [ $left -gt 0 ] && break
  [ $again = 0 ] && break
  pass=$((pass+1))
done 2>/dev/null
[ $pass -lt ${PASSES_MAX} ] && echo "${REPORT} $killed $left"`;
}

/** What a kill script saw: how many it killed, and how many it could not. */
export interface KillReport {
  readonly killed: number;
  readonly left: number;
}

/**
 * Reads what a kill script printed; `undefined` if it did not come to its end, or
 * to no pass that proves anything.
 */
export function readKillReport(text: string): KillReport | undefined {
  const found = /^zu-ended (\d+) (\d+)$/m.exec(text);
  if (found === null) return undefined;
  return { killed: Number(found[1]), left: Number(found[2]) };
}
