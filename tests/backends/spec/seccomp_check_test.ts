import { assertEquals } from "@std/assert";
import { readSeccomp } from "../../../backends/spec/seccomp_check.ts";
import { refuses } from "../_refuses.ts";

interface Rule {
  readonly [key: string]: unknown;
}

/** A profile's text, of rules that are added to a strict one. */
function profile(...syscalls: Rule[]): string {
  return JSON.stringify({ defaultAction: "SCMP_ACT_ERRNO", syscalls });
}

function allow(...names: string[]): Rule {
  return { names, action: "SCMP_ACT_ALLOW" };
}

const MASKED = {
  index: 0,
  op: "SCMP_CMP_MASKED_EQ",
  value: 0x7e02_0000,
  valueTwo: 0,
};

Deno.test("readSeccomp takes a stricter profile, and writes what it read", () => {
  const text = JSON.stringify({
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: 1,
    archMap: [
      {
        architecture: "SCMP_ARCH_X86_64",
        subArchitectures: ["SCMP_ARCH_X86", "SCMP_ARCH_X32"],
      },
      { architecture: "SCMP_ARCH_RISCV64", subArchitectures: null },
    ],
    syscalls: [
      { ...allow("read", "write", "exit_group", "ptrace"), comment: "some" },
      { name: "execve", action: "SCMP_ACT_LOG", args: null, includes: {} },
      { ...allow("clone"), args: [MASKED], excludes: { arches: ["s390x"] } },
      { names: ["mount", "clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38 },
      { ...allow("ptrace"), includes: { minKernel: "4.8" } },
    ],
  });
  const written = readSeccomp(text);
  assertEquals(JSON.parse(written), {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: 1,
    archMap: [
      {
        architecture: "SCMP_ARCH_X86_64",
        subArchitectures: ["SCMP_ARCH_X86", "SCMP_ARCH_X32"],
      },
      { architecture: "SCMP_ARCH_RISCV64", subArchitectures: [] },
    ],
    syscalls: [
      { ...allow("read", "write", "exit_group", "ptrace"), args: [] },
      { names: ["execve"], action: "SCMP_ACT_LOG", args: [], includes: {} },
      { ...allow("clone"), args: [MASKED], excludes: { arches: ["s390x"] } },
      {
        names: ["mount", "clone3"],
        action: "SCMP_ACT_ERRNO",
        errnoRet: 38,
        args: [],
      },
      { ...allow("ptrace"), args: [], includes: { minKernel: "4.8" } },
    ],
  });
  assertEquals(readSeccomp(written), written);
});

for (
  const action of ["ERRNO", "KILL", "KILL_PROCESS", "KILL_THREAD", "TRAP"]
) {
  Deno.test(`readSeccomp takes a profile that denies by default with ${action}`, () => {
    readSeccomp(JSON.stringify({ defaultAction: `SCMP_ACT_${action}` }));
  });
}

Deno.test("lesson 24: readSeccomp refuses a profile that allows by default, and none at all", () => {
  const actions = [
    ...["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE", "SCMP_ACT_NOTIFY"],
    ...["scmp_act_errno", "ALLOW", "", "SCMP_ACT_ERRNO ", null, 0, undefined],
    ["SCMP_ACT_ERRNO"],
  ];
  for (const defaultAction of actions) {
    const text = JSON.stringify({ defaultAction, syscalls: [allow("read")] });
    refuses("spec_refused", () => readSeccomp(text), "defaultAction");
  }
  const texts = ["unconfined", "", "null", "[]", "{}", "1", '"x"', "default"];
  for (const text of [...texts, "/etc/profile.json", "{", "builtin"]) {
    refuses("spec_refused", () => readSeccomp(text), "seccomp");
  }
  for (const value of [null, true, {}, { defaultAction: "SCMP_ACT_ERRNO" }]) {
    refuses("spec_refused", () => readSeccomp(value), "must be a string");
  }
});

const LOOSER = [
  ...["mount", "umount", "umount2", "pivot_root", "unshare", "setns", "chroot"],
  ...["bpf", "perf_event_open", "kexec_load", "kexec_file_load", "init_module"],
  ...[
    "finit_module",
    "delete_module",
    "open_by_handle_at",
    "keyctl",
    "add_key",
  ],
  ...["request_key", "userfaultfd", "reboot", "swapon", "swapoff", "quotactl"],
  ...["acct", "iopl", "ioperm", "syslog", "nfsservctl", "clone3", "clone"],
  ...[
    "io_uring_setup",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "move_mount",
  ],
  ...[
    "open_tree",
    "mount_setattr",
    "sethostname",
    "setdomainname",
    "personality",
  ],
  ...["settimeofday", "clock_settime", "stime", "vm86", "uselib", "_sysctl"],
];

Deno.test("lesson 24: readSeccomp refuses to allow what the engine's profile denies", () => {
  for (const name of LOOSER) {
    for (const action of ["ALLOW", "LOG", "TRACE", "NOTIFY"]) {
      const rules: Rule[] = [
        { names: ["read", name], action: `SCMP_ACT_${action}` },
        { name, action: `SCMP_ACT_${action}` },
        { names: [name], action: `SCMP_ACT_${action}`, excludes: { caps: [] } },
        {
          names: [name],
          action: `SCMP_ACT_${action}`,
          includes: { caps: ["CAP_CHOWN"] },
        },
      ];
      for (const rule of rules) {
        refuses(
          "spec_refused",
          () => readSeccomp(profile(allow("read"), rule)),
          `seccomp.syscalls[1] allows "${name}"`,
        );
      }
    }
    readSeccomp(profile({ names: [name], action: "SCMP_ACT_ERRNO" }));
  }
});

Deno.test("readSeccomp leaves out rules for capabilities that no sandbox has", () => {
  const rule = { ...allow("mount"), includes: { caps: ["CAP_SYS_ADMIN"] } };
  const both = {
    ...allow("mount"),
    includes: { caps: ["CAP_CHOWN", "CAP_SYS_ADMIN"] },
  };
  const text = readSeccomp(profile(rule, allow("read"), both));
  assertEquals(JSON.parse(text).syscalls, [{ ...allow("read"), args: [] }]);
  refuses(
    "spec_refused",
    () => readSeccomp(profile({ ...rule, includes: { caps: [] } })),
  );
});

Deno.test("lesson 24: readSeccomp refuses what an engine's JSON reader would take for something else", () => {
  const looser = JSON.stringify([allow("mount")]);
  const texts = [
    // Go's reader does not heed the case of keys; the last one counts.
    '{"defaultAction":"SCMP_ACT_ERRNO","DefaultAction":"SCMP_ACT_ALLOW"}',
    `{"defaultAction":"SCMP_ACT_ERRNO","Syscalls":${looser}}`,
    `{"defaultAction":"SCMP_ACT_ERRNO","\u017fyscalls":${looser}}`,
    profile({ ...allow("read"), Names: ["mount"] }),
    profile({ ...allow("read"), NAME: "mount" }),
    profile({
      names: ["mount"],
      action: "SCMP_ACT_ERRNO",
      Action: "SCMP_ACT_ALLOW",
    }),
    profile({ ...allow("mount"), Includes: { caps: ["CAP_SYS_ADMIN"] } }),
    profile({ ...allow("mount"), includes: { Caps: ["CAP_SYS_ADMIN"] } }),
    // What has a name in C ends at NUL.
    profile(allow("mount\0x")),
    profile(allow("mount ")),
    profile(allow("MOUNT")),
    profile(allow("165")),
  ];
  for (const text of texts) refuses("spec_refused", () => readSeccomp(text));
  const twice = '{"defaultAction":"SCMP_ACT_ALLOW","defaultAction":' +
    '"SCMP_ACT_ERRNO"}';
  assertEquals(
    readSeccomp(twice),
    '{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[]}',
  );
});

Deno.test("lesson 24: readSeccomp lets clone make no namespaces", () => {
  const clone = (...args: unknown[]) => profile({ ...allow("clone"), args });
  readSeccomp(clone(MASKED));
  readSeccomp(clone({ ...MASKED, value: 0xffff_ffff }));
  const s390 = {
    ...allow("clone"),
    args: [{ ...MASKED, index: 1 }],
    includes: { arches: ["s390", "s390x"] },
  };
  readSeccomp(profile(s390));
  const looser = [
    clone(),
    clone({ ...MASKED, index: 1 }),
    clone({ ...MASKED, value: 0x7e02_0000 - 0x1000_0000 }),
    clone({ ...MASKED, value: 0 }),
    clone({ ...MASKED, valueTwo: 0x1000_0000 }),
    clone({ ...MASKED, op: "SCMP_CMP_NE" }),
    clone({ ...MASKED, op: "SCMP_CMP_EQ" }),
    // Two comparisons of one argument are alternatives.
    clone(MASKED, { ...MASKED, op: "SCMP_CMP_GE", value: 0 }),
    profile({ ...s390, includes: { arches: ["s390", "amd64"] } }),
    profile({ ...s390, includes: { arches: [] } }),
    profile({ ...s390, includes: {} }),
  ];
  for (const text of looser) {
    refuses("spec_refused", () => readSeccomp(text), "SCMP_CMP_MASKED_EQ");
  }
});

Deno.test("readSeccomp lets personality change no memory layout", () => {
  const rule = (value: number, op = "SCMP_CMP_EQ") =>
    profile({ ...allow("personality"), args: [{ index: 0, value, op }] });
  for (const value of [0, 8, 131_072, 131_080, 4_294_967_295]) {
    readSeccomp(rule(value));
  }
  for (const text of [rule(0x4_0000), rule(0, "SCMP_CMP_NE"), rule(1)]) {
    refuses("spec_refused", () => readSeccomp(text), "SCMP_CMP_EQ");
  }
});

Deno.test("readSeccomp refuses malformed rules", () => {
  const read = allow("read");
  const cases: [unknown, string][] = [
    [null, "syscalls[0] is null"],
    [[], "syscalls[0] is an array"],
    ["read", "syscalls[0] is"],
    [{ names: ["read"] }, "action"],
    [{ names: ["read"], action: "ALLOW" }, "action"],
    [{ names: ["read"], action: "SCMP_ACT_X" }, "action"],
    [{ action: "SCMP_ACT_ALLOW" }, "has no names"],
    [{ ...read, names: [] }, "has no names"],
    [{ ...read, names: "read" }, "must be an array"],
    [{ ...read, names: [1] }, "must be a string"],
    [{ ...read, name: "write" }, "both name and names"],
    [{ ...read, arg: [] }, "did you mean args?"],
    [{ ...read, args: {} }, "must be an array"],
    [{ ...read, args: [{}] }, "op"],
    [{ ...read, args: [{ ...MASKED, index: 6 }] }, "index"],
    [{ ...read, args: [{ ...MASKED, index: -1 }] }, "index"],
    [{ ...read, args: [{ ...MASKED, value: -1 }] }, "value"],
    [{ ...read, args: [{ ...MASKED, value: "0" }] }, "value"],
    [{ ...read, args: [{ ...MASKED, value: 2 ** 63 }] }, "value"],
    [{ ...read, args: Array(7).fill(MASKED) }, "7 entries"],
    [{ ...read, errnoRet: 0 }, "errnoRet"],
    [{ ...read, errnoRet: 4096 }, "errnoRet"],
    [{ ...read, includes: { caps: ["sys_admin"] } }, "includes.caps"],
    [{ ...read, includes: { arches: "amd64" } }, "includes.arches"],
    [{ ...read, includes: { minKernel: "new" } }, "minKernel"],
    [{ ...read, includes: [] }, "includes"],
  ];
  for (const [rule, words] of cases) {
    refuses("spec_refused", () => readSeccomp(profile(rule as Rule)), words);
  }
  const keys: [string, unknown][] = [
    ["listenerPath", "/run/x.sock"],
    ["listenerMetadata", ""],
    ["flags", ["SECCOMP_FILTER_FLAG_SPEC_ALLOW"]],
    ["defaultErrnoRet", 0],
    ["architectures", ["x86"]],
    ["archMap", [{ architecture: "amd64" }]],
    ["syscalls", {}],
  ];
  for (const [key, value] of keys) {
    const text = JSON.stringify({
      defaultAction: "SCMP_ACT_ERRNO",
      [key]: value,
    });
    refuses("spec_refused", () => readSeccomp(text), key);
  }
  refuses("spec_refused", () => readSeccomp(" ".repeat(262_145)), "longer");
});
