/**
 * Which process a container belongs to, so that another one can tell whether it
 * still lives.
 *
 * A number alone is not enough: numbers are used again, every container counts
 * from one, and every machine does. The start time tells two processes of one
 * number apart, and the other three say whose numbers they are.
 */
export interface Owner {
  /** What the machine is called, for people to read. */
  readonly host: string;
  /** Which machine, over its restarts. */
  readonly machine: string;
  /** Which start of the machine. */
  readonly boot: string;
  /** Which namespace of process numbers. */
  readonly namespace: string;
  readonly pid: string;
  /** When the process started, in clock ticks since the machine did. */
  readonly start: string;
}

const LABELS: Readonly<Record<keyof Owner, string>> = {
  host: "zu.owner.host",
  machine: "zu.owner.machine",
  boot: "zu.owner.boot",
  namespace: "zu.owner.pidns",
  pid: "zu.owner.pid",
  start: "zu.owner.start",
};

/** What is known of no process. */
const UNKNOWN = "";

/**
 * Reads who this process is. What may not be read (Deno shows `/proc` only to
 * those who may do everything), or what another system than Linux has not, stays
 * unknown, and then only the time to live tells.
 */
export async function readOwner(): Promise<Owner> {
  const pid = String(Deno.pid);
  const [machine, boot, namespace, start] = await Promise.all([
    readIfAllowed("/etc/machine-id", Deno.readTextFile),
    readIfAllowed("/proc/sys/kernel/random/boot_id", Deno.readTextFile),
    readIfAllowed("/proc/self/ns/pid", Deno.readLink),
    readStart("self"),
  ]);
  return { host: await readHost(), machine, boot, namespace, pid, start };
}

/** The labels that name an owner. */
export function ownerLabels(owner: Owner): Record<string, string> {
  return Object.fromEntries(
    Object.entries(LABELS).map(([key, label]) => [
      label,
      owner[key as keyof Owner],
    ]),
  );
}

/** The owner that labels name. */
export function labelledOwner(
  labels: Readonly<Record<string, string>>,
): Owner {
  const of = (key: keyof Owner) => labels[LABELS[key]] ?? UNKNOWN;
  return {
    host: of("host"),
    machine: of("machine"),
    boot: of("boot"),
    namespace: of("namespace"),
    pid: of("pid"),
    start: of("start"),
  };
}

/**
 * Whether an owner is known to be dead. One of another machine, or of another
 * namespace, or of whom too little is known, is not.
 */
export async function isDead(owner: Owner, self: Owner): Promise<boolean> {
  const { host: _, ...identity } = owner;
  if (Object.values(identity).includes(UNKNOWN)) return false;
  if (owner.machine !== self.machine) return false;
  if (owner.boot !== self.boot) return self.boot !== UNKNOWN;
  if (owner.namespace !== self.namespace) return false;
  return await readStart(owner.pid) !== owner.start;
}

/** When a process started; unknown if there is none. */
async function readStart(pid: string): Promise<string> {
  // It goes into a path, and comes from whoever labelled the container.
  if (!/^(?:self|\d{1,10})$/.test(pid)) return UNKNOWN;
  const stat = await readIfAllowed(`/proc/${pid}/stat`, Deno.readTextFile);
  // The second field, the name, may hold anything, brackets and spaces included.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[19] ?? UNKNOWN;
}

async function readHost(): Promise<string> {
  const descriptor = { name: "sys", kind: "hostname" } as const;
  const { state } = await Deno.permissions.query(descriptor);
  return state === "granted" ? Deno.hostname() : UNKNOWN;
}

async function readIfAllowed(
  path: string,
  read: (path: string) => Promise<string>,
): Promise<string> {
  const descriptor = { name: "read", path } as const;
  // Asking would stop the harness until somebody answers.
  if ((await Deno.permissions.query(descriptor)).state !== "granted") {
    return UNKNOWN;
  }
  try {
    return (await read(path)).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return UNKNOWN;
    if (error instanceof Deno.errors.PermissionDenied) return UNKNOWN;
    if (error instanceof Deno.errors.NotCapable) return UNKNOWN;
    throw error;
  }
}
