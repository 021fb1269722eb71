// What the engines' own seccomp profiles keep from a container without further
// capabilities. Profiles differ between versions; this is the strictest of them.

const DENIED: ReadonlySet<string> = new Set([
  // Other namespaces and file systems.
  ...["mount", "mount_setattr", "move_mount", "umount", "umount2"],
  ...["fsconfig", "fsmount", "fsopen", "fspick", "open_tree"],
  ...["open_tree_attr", "pivot_root", "chroot", "setns", "unshare", "clone3"],
  ...["open_by_handle_at", "fanotify_init", "quotactl", "quotactl_fd"],
  ...["sysfs", "ustat", "nfsservctl", "lookup_dcookie"],
  // The kernel's code, keys and log.
  ...["bpf", "perf_event_open", "userfaultfd", "kexec_load"],
  ...["kexec_file_load", "init_module", "finit_module", "delete_module"],
  ...["create_module", "query_module", "get_kernel_syms", "uselib"],
  ...["add_key", "keyctl", "request_key", "syslog", "_sysctl", "acct"],
  // Known for the holes that they had.
  ...["io_uring_setup", "io_uring_enter", "io_uring_register"],
  ...["vm86", "vm86old"],
  // Other processes.
  ...["kcmp", "pidfd_getfd", "process_madvise", "move_pages"],
  ...["migrate_pages", "mbind", "get_mempolicy", "set_mempolicy"],
  "set_mempolicy_home_node",
  // The machine.
  ...["reboot", "swapon", "swapoff", "iopl", "ioperm", "sethostname"],
  ...["setdomainname", "settimeofday", "clock_settime", "clock_settime64"],
  ...["stime", "vhangup"],
]);

/** How a rule of a profile compares an argument of a call with a value. */
export interface ArgumentRule {
  /** Which argument. */
  readonly index: number;
  /** The value; of a masked comparison the mask. */
  readonly value: number;
  /** What the masked argument has to be. */
  readonly valueTwo: number;
  /** The comparison. */
  readonly op: string;
}

/** The flags of `clone` that make namespaces. */
const CLONE_NAMESPACES = 0x7e02_0000;
/** The personalities that do not change how memory is laid out. */
const PERSONALITIES = [0, 8, 0x2_0000, 0x2_0008, 0xffff_ffff];

/**
 * Why a rule must not allow a call.
 *
 * @param name The call's name.
 * @param args How the rule compares the call's arguments.
 * @param isForS390 Whether the rule is for s390 alone, where the flags of `clone`
 * are its second argument.
 * @returns Undefined if it may.
 */
export function callProblem(
  name: string,
  args: readonly ArgumentRule[],
  isForS390 = false,
): string | undefined {
  if (DENIED.has(name)) return "which the engine's own profile denies";
  // Two comparisons of one argument would be alternatives, so there is one.
  const [only, ...others] = args;
  const arg = others.length === 0 ? only : undefined;
  if (name === "clone" && !keepsNamespaces(arg, isForS390 ? 1 : 0)) {
    return "which the engine's own profile allows without new namespaces " +
      "alone. Give the rule args: [{ index: 0, op: SCMP_CMP_MASKED_EQ, " +
      `value: ${CLONE_NAMESPACES}, valueTwo: 0 }]`;
  }
  if (name === "personality" && !keepsPersonality(arg)) {
    return "which the engine's own profile allows for some values alone. Give " +
      "the rule args: [{ index: 0, op: SCMP_CMP_EQ, value }] with a value of " +
      PERSONALITIES.join(", ");
  }
  return undefined;
}

function keepsNamespaces(
  arg: ArgumentRule | undefined,
  flags: number,
): boolean {
  if (arg?.op !== "SCMP_CMP_MASKED_EQ" || arg.index !== flags) return false;
  const mask = arg.value & CLONE_NAMESPACES;
  return mask === CLONE_NAMESPACES && (arg.valueTwo & CLONE_NAMESPACES) === 0;
}

function keepsPersonality(arg: ArgumentRule | undefined): boolean {
  return arg?.op === "SCMP_CMP_EQ" && arg.index === 0 &&
    PERSONALITIES.includes(arg.value);
}
