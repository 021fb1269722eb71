import { assert, assertEquals } from "@std/assert";
import {
  insideScript,
  readInside,
} from "../../../backends/local_docker/inside.ts";

const SAID = `locks x
shell /bin/sh
sleep yes
Uid: 65533	65533	65533	65533
Gid: 65532	65532	65532	65532
CapBnd: 00000000000000c1
NoNewPrivs: 1
Seccomp: 2
root rw,relatime,lowerdir=/a:/b
root ro,relatime,lowerdir=/a:/b
sysctl ro,nosuid,nodev
unmasked keys kcore
interface lo
interface eth0
memory/memory.limit_in_bytes 1073741824
pids/pids.max 256
named 0 7
zu-ready
Uid: 0 0 0 0
`;

Deno.test("readInside reads what the script says, and nothing that comes later", () => {
  assertEquals(readInside(SAID), {
    uid: 65533,
    gid: 65532,
    named: { uid: 0, gid: 7 },
    boundingSet: 0xc1n,
    noNewPrivileges: true,
    isFiltered: true,
    readOnlyRootfs: true,
    unmasked: ["keys", "kcore"],
    readOnlyKernel: true,
    interfaces: ["lo", "eth0"],
    memory: 2 ** 30,
    pids: 256,
    shell: "/bin/sh",
    locksOption: "x",
    hasSleep: true,
  });
});

Deno.test("readInside reads cgroup v2, and takes what is missing for unknown", () => {
  const { memory, pids } = readInside("memory.max max\npids.max 64\n");
  assertEquals([memory, pids], [Infinity, 64]);
  assertEquals(readInside("unmasked\n").unmasked, []);
  assertEquals(readInside(""), {
    uid: null,
    gid: null,
    named: undefined,
    boundingSet: undefined,
    noNewPrivileges: undefined,
    isFiltered: undefined,
    readOnlyRootfs: undefined,
    unmasked: undefined,
    readOnlyKernel: undefined,
    interfaces: [],
    memory: undefined,
    pids: undefined,
    shell: undefined,
    locksOption: undefined,
    hasSleep: false,
  });
});

Deno.test("insideScript is a script that the shell here can run", async () => {
  const { stdout, code } = await new Deno.Command("sh", {
    args: ["-c", insideScript("root")],
  }).output();
  assertEquals(code, 0);
  const inside = readInside(new TextDecoder().decode(stdout));
  assertEquals(inside.named, { uid: 0, gid: 0 });
  assertEquals(inside.hasSleep, true);
  assert(inside.shell !== undefined && (await Deno.stat(inside.shell)).isFile);
});
