import { FIND_LOCKS_OPTION, type LocksOption } from "./process_tag.ts";

/** What a sandbox looks like from within. */
export interface Inside {
  readonly uid: number | null;
  readonly gid: number | null;
  /** The user whose name was looked up. */
  readonly named: { readonly uid: number; readonly gid: number } | undefined;
  /** The capabilities that can be had, one bit each. */
  readonly boundingSet: bigint | undefined;
  readonly noNewPrivileges: boolean | undefined;
  readonly isFiltered: boolean | undefined;
  readonly readOnlyRootfs: boolean | undefined;
  /** Files that tell of the kernel, and that nothing is mounted over. */
  readonly unmasked: readonly string[] | undefined;
  /** Whether the kernel's settings cannot be written to. */
  readonly readOnlyKernel: boolean | undefined;
  readonly interfaces: readonly string[];
  readonly memory: number | undefined;
  readonly pids: number | undefined;
  /** Where the shell is, by a path that nobody can put another one before. */
  readonly shell: string | undefined;
  readonly locksOption: LocksOption | undefined;
  readonly hasSleep: boolean;
}

/** What Docker and Podman mount something over, where the kernel has it. */
const MASKED =
  "acpi kcore keys latency_stats sched_debug scsi timer_list timer_stats";

/** The line that the script ends with. */
export const READY = "zu-ready";

/**
 * A shell script that prints what {@linkcode readInside} reads, with nothing but
 * what every shell has built in.
 *
 * @param user The name of a user to look up, if it is one.
 */
export function insideScript(user?: string): string {
  return `${FIND_LOCKS_OPTION}
echo "locks $zu_locks"
zu_ifs=$IFS IFS=:
for zu_d in $PATH; do
  [ -x "$zu_d/sh" ] && echo "shell $zu_d/sh" && break
done
IFS=$zu_ifs
command -v sleep >/dev/null && echo "sleep yes"
while read -r k v; do
  case $k in
    Uid:|Gid:|CapBnd:|NoNewPrivs:|Seccomp:) echo "$k $v" ;;
  esac
done </proc/self/status
m= u=
while read -r d p t o r; do
  case $p in /) echo "root $o" ;; /proc/sys) echo "sysctl $o" ;; esac
  m="$m $p "
done </proc/self/mounts
for f in ${MASKED}; do
  case $m in *" /proc/$f "*) ;; *) [ ! -e /proc/$f ] || u="$u $f" ;; esac
done
echo "unmasked$u"
while read -r n r; do
  case $n in *:*) echo "interface \${n%%:*}" ;; esac
done </proc/net/dev
for f in memory/memory.limit_in_bytes memory.max pids/pids.max pids.max; do
  [ -r /sys/fs/cgroup/$f ] && read -r v </sys/fs/cgroup/$f && echo "$f $v"
done
${user === undefined ? "" : lookUp(user)}
echo ${READY}
`;
}

function lookUp(user: string): string {
  return `while IFS=: read -r n p u g r; do
  [ "$n" = '${user}' ] && echo "named $u $g" && break
done </etc/passwd`;
}

/** Reads what the script printed, up to where it was ready. */
export function readInside(text: string): Inside {
  const found = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    if (line === READY) break;
    const [key, ...rest] = line.split(/[\s:]+/);
    const values = found.get(key!) ?? [];
    values.push(rest.join(" ").trim());
    found.set(key!, values);
  }
  const first = (key: string) => found.get(key)?.at(-1);
  const capabilities = first("CapBnd");
  const named = first("named")?.split(" ").map(Number);
  const locks = first("locks");
  const shell = first("shell") ?? "";
  return {
    uid: leading(first("Uid")) ?? null,
    gid: leading(first("Gid")) ?? null,
    named: named === undefined ? undefined : { uid: named[0]!, gid: named[1]! },
    // An image's own shell says all this, and can say anything.
    boundingSet: /^[0-9a-f]{1,16}$/.test(capabilities ?? "")
      ? BigInt(`0x${capabilities}`)
      : undefined,
    noNewPrivileges: isOne(first("NoNewPrivs")),
    isFiltered: first("Seccomp") === undefined
      ? undefined
      : first("Seccomp") === "2",
    // Of mounts over one another, the last one is in force.
    readOnlyRootfs: first("root") === undefined
      ? undefined
      : first("root")!.split(",").includes("ro"),
    unmasked: first("unmasked")?.split(" ").filter((name) => name !== ""),
    readOnlyKernel: first("sysctl")?.split(",").includes("ro"),
    interfaces: found.get("interface") ?? [],
    memory: leading(
      first("memory/memory.limit_in_bytes") ?? first("memory.max"),
    ),
    pids: leading(first("pids/pids.max") ?? first("pids.max")),
    shell: /^(?:\/[\w.-]+)+$/.test(shell) ? shell : undefined,
    locksOption: locks === "x" || locks === "w" ? locks : undefined,
    hasSleep: first("sleep") === "yes",
  };
}

function isOne(text: string | undefined): boolean | undefined {
  return text === undefined ? undefined : text === "1";
}

/** The number that a text begins with; to a control group, `max` is one. */
function leading(text: string | undefined): number | undefined {
  if (text === "max") return Infinity;
  const digits = /^\d+/.exec(text ?? "")?.[0];
  return digits === undefined ? undefined : Number(digits);
}
