import { assertEquals } from "@std/assert";
import { CAP_ADD_ALLOWED, readCapAdd } from "../../../backends/spec/cap_add.ts";
import { refuses } from "../_refuses.ts";

Deno.test("readCapAdd writes each capability once, in one way", () => {
  assertEquals(readCapAdd([]), []);
  assertEquals(readCapAdd([...CAP_ADD_ALLOWED]), [...CAP_ADD_ALLOWED]);
  const spellings = [
    "setuid",
    "CAP_SETUID",
    "cap_setuid",
    "Cap_SetUid",
    "chown",
  ];
  assertEquals(readCapAdd(spellings), ["CHOWN", "SETUID"]);
});

Deno.test("lesson 24: readCapAdd refuses every other capability", () => {
  const others = [
    ...["ALL", "all", "CAP_ALL", "SYS_ADMIN", "CAP_SYS_ADMIN", "NET_RAW"],
    ...["NET_ADMIN", "SYS_PTRACE", "SYS_MODULE", "DAC_READ_SEARCH", "MKNOD"],
    ...["SYS_CHROOT", "SETPCAP", "SETFCAP", "KILL", "BPF", "AUDIT_WRITE"],
    ...["", " CHOWN", "CHOWN ", "CHOWN,SYS_ADMIN", "CAP_CAP_CHOWN", "-CHOWN"],
    ...["constructor", "__proto__", 0, null, ["CHOWN"], true],
  ];
  for (const each of others) {
    refuses("spec_refused", () => readCapAdd(["CHOWN", each]), "of capAdd");
  }
  for (const list of ["CHOWN", { 0: "CHOWN" }, null, true]) {
    refuses("spec_refused", () => readCapAdd(list), "capAdd is");
  }
});
