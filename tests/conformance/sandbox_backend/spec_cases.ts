// Changes of a sound spec that make it one to be refused.

/** Keys that are misspelt, and what was meant by them. */
export const TYPOS: Readonly<
  Record<string, { readonly change: object; readonly meant: string }>
> = {
  "a letter too few": { change: { memry: "64m" }, meant: "memory" },
  "a letter too many": { change: { imagee: "alpine" }, meant: "image" },
  "letters swapped": { change: { ietr: "render" }, meant: "tier" },
  "another case": { change: { capadd: [] }, meant: "capAdd" },
  "another language's case": {
    change: { read_only_rootfs: true },
    meant: "readOnlyRootfs",
  },
  "the plural's end": { change: { mount: [] }, meant: "mounts" },
  "a unit left out": { change: { ttl: 1000 }, meant: "ttlMs" },
  "an undefined value": { change: { netwrok: undefined }, meant: "network" },
  "within the image policy": {
    change: { imagePolicy: { pul: "never" } },
    meant: "pull",
  },
  "within a mount": {
    change: { mounts: [{ source: "/srv", target: "/srv", readonly: true }] },
    meant: "readOnly",
  },
};

/** Values of another type than the one that is asked for, or out of bounds. */
export const MISTYPED: readonly object[] = [
  ...[5, null, "", " ", ["alpine"], "a b", "-v"].map((image) => ({ image })),
  ...[5, null, [], {}].map((tier) => ({ tier })),
  ...["ls", [], [1], [""], {}, null].map((command) => ({ command })),
  ...["A=1", ["A=1"], { A: 1 }, { "": "x" }, { "A=B": "x" }, { A: "x\0y" }]
    .map((env) => ({ env })),
  ...["tmp", "", "../tmp", 5, "/a\0b"].map((workdir) => ({ workdir })),
  ...["", 0, "a:b:c", "-1", "a b"].map((user) => ({ user })),
  ...["a", { a: 1 }, { "": "x" }, []].map((labels) => ({ labels })),
  ...[NaN, -1, 1.5, "lots", "-1g", "", "1x", null, {}, [64]]
    .map((memory) => ({ memory })),
  ...[NaN, -1, "1", Infinity, null].map((cpus) => ({ cpus })),
  ...[NaN, -1, 1.5, "64", Infinity, null].map((pids) => ({ pids })),
  ...["yes", 1, null].map((readOnlyRootfs) => ({ readOnlyRootfs })),
  ...["/tmp", ["/tmp"], { tmp: "" }, { "/tmp": 5 }, { "/a/../b": "" }]
    .map((tmpfs) => ({ tmpfs })),
  ...[5, null, "{", "[]", ""].map((seccomp) => ({ seccomp })),
  ...[5, null, "", "a b"].map((runtime) => ({ runtime })),
  ...["CHOWN", [5], {}, null].map((capAdd) => ({ capAdd })),
  ...["/srv", {}, [{}], ["/srv"], [{ source: "/srv" }], [null]]
    .map((mounts) => ({ mounts })),
  ...[["srv", "/srv"], ["/srv", "srv"], ["/srv", "/"], ["", "/srv"]]
    .map(([source, target]) => ({ mounts: [{ source, target }] })),
  ...[NaN, 0, -1, "1h", Infinity, null].map((ttlMs) => ({ ttlMs })),
  ...["alpine", { allow: "alpine" }, { pull: "ever" }, { pinned: 1 }, null]
    .map((imagePolicy) => ({ imagePolicy })),
];

/** What would loosen a guard that each sandbox has. */
export const LOOSE: Readonly<Record<string, object>> = {
  "memory without a bound": { memory: 0 },
  "memory without a bound, as text": { memory: "0" },
  "processors without a bound": { cpus: 0 },
  "processes without a bound": { pids: 0 },
  "no system call filter": { seccomp: "unconfined" },
  "a filter that allows everything": {
    seccomp: '{"defaultAction":"SCMP_ACT_ALLOW"}',
  },
  "every capability": { capAdd: ["ALL"] },
  "a capability that rules the host": { capAdd: ["SYS_ADMIN"] },
  "one of them by its long name": { capAdd: ["CAP_SYS_ADMIN"] },
  "one of them in small letters": { capAdd: ["sys_admin"] },
  "raw packets": { capAdd: ["CHOWN", "NET_RAW"] },
  "the engine's socket": mount("/var/run/docker.sock"),
  "the engine's socket, by its other path": mount("/run/docker.sock"),
  "the engine's socket, by a detour": mount("/var/./run//../run/docker.sock"),
  "the folder of the engine's socket": mount("/var/run"),
  "the host's root": mount("/"),
  "the host's processes": mount("/proc"),
  "set-user-id programs in a folder in memory": { tmpfs: { "/tmp": "suid" } },
  "devices in a folder in memory": { tmpfs: { "/tmp": "size=1m,dev" } },
  "a label of the backend's": { labels: { "zu.owner": "somebody" } },
  "name servers, without a network": { network: "none", dns: ["192.0.2.1"] },
  "host names, without a network": {
    network: "none",
    extraHosts: { other: "192.0.2.1" },
  },
};

function mount(source: string): object {
  return { mounts: [{ source, target: "/mnt" }] };
}

/** Networks that there are not. */
export const NETWORK_TYPOS: readonly unknown[] = [
  "None",
  "none ",
  "",
  "non",
  "host",
  "bridge",
  "default",
  "container:other",
  "unrestricted",
  "egress",
  null,
  true,
  0,
  [],
  ["none"],
  {},
  { unrestricted: false },
  { unrestricted: "true" },
  { unrestrictd: true },
  { none: true },
  { egress: {} },
  { egress: { allow: "example.com" } },
  { egress: { alow: ["example.com"] } },
  { unrestricted: true, egress: { allow: [] } },
];
