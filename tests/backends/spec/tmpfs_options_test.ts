import { assertEquals } from "@std/assert";
import {
  completeTmpfs,
  parseTmpfsOptions,
  readTmpfs,
  tmpfsText,
} from "../../../backends/spec/tmpfs_options.ts";
import { refuses } from "../_refuses.ts";

const GIB = 2 ** 30;

function complete(options: string, memory = GIB): string {
  const parsed = parseTmpfsOptions(options, "tmpfs");
  return tmpfsText(completeTmpfs("/a", parsed, memory));
}

Deno.test("tmpfsText says all that there is to say", () => {
  const size = `size=${256 * 2 ** 20}`;
  const cases = {
    "": `rw,nosuid,nodev,exec,${size},mode=1777`,
    rw: `rw,nosuid,nodev,exec,${size},mode=1777`,
    ro: `ro,nosuid,nodev,exec,${size},mode=1777`,
    exec: `rw,nosuid,nodev,exec,${size},mode=1777`,
    noexec: `rw,nosuid,nodev,noexec,${size},mode=1777`,
    "nosuid,nodev": `rw,nosuid,nodev,exec,${size},mode=1777`,
    "size=64k": "rw,nosuid,nodev,exec,size=65536,mode=1777",
    "size=1g": "rw,nosuid,nodev,exec,size=1073741824,mode=1777",
    "size=4096": "rw,nosuid,nodev,exec,size=4096,mode=1777",
    "mode=700": `rw,nosuid,nodev,exec,${size},mode=700`,
    "mode=0755,uid=0,gid=4294967294,nr_inodes=1":
      `rw,nosuid,nodev,exec,${size},mode=0755,uid=0,gid=4294967294,nr_inodes=1`,
    "noexec,size=1m,ro,uid=7":
      "ro,nosuid,nodev,noexec,size=1048576,mode=1777,uid=7",
  };
  for (const [options, text] of Object.entries(cases)) {
    assertEquals(complete(options), text, options);
    assertEquals(complete(text), text, "reads as the same again");
  }
});

Deno.test("completeTmpfs caps a size that nobody asked for, and no other", () => {
  assertEquals(complete("", 64 * 2 ** 20).includes("size=67108864,"), true);
  refuses(
    "spec_refused",
    () => complete("size=65m", 64 * 2 ** 20),
    'tmpfs["/a"] has the size 65m',
    "is 64m",
  );
});

Deno.test("lesson 24: parseTmpfsOptions refuses what would loosen", () => {
  for (const option of ["suid", "dev", "nosuid=0", "nodev=false", "defaults"]) {
    refuses("spec_refused", () => complete(option), JSON.stringify(option));
  }
  for (const size of ["0", "00", "0k", "0.1", "50%", "100%", "-1", "", "max"]) {
    refuses("spec_refused", () => complete(`size=${size}`), "the size");
  }
});

Deno.test("parseTmpfsOptions refuses unknown, malformed and repeated options", () => {
  const options = [
    ...[
      ",",
      "rw,",
      ",rw",
      "rw,,exec",
      " ",
      " rw",
      "rw ",
      "RW",
      "rw;ro",
      "rw ro",
    ],
    ...["size", "size=1,size=2", "size=1m,size=0", "rw,ro", "ro,rw", "rw,rw"],
    ...["exec,noexec", "noexec,exec", "nosuid,nosuid", "rw=1", "exec=1"],
    ...["mode=", "mode=8", "mode=77", "mode=77777", "mode=rwx", "mode=0o777"],
    ...["uid=-1", "uid=root", "uid=4294967295", "gid=1.5", "gid=", "uid= 1"],
    ...["nr_inodes=0", "nr_inodes=1k", "nr_inodes=-1", "nr_inodes=99999999999"],
    ...["nr_blocks=1", "huge=always", "mpol=bind", "swap", "constructor"],
    ...["__proto__", "toString=1", "=1", "=", "rw\0", "bind", "remount,rw"],
  ];
  for (const each of options) {
    refuses("spec_refused", () => complete(each), "tmpfs");
  }
});

Deno.test("readTmpfs checks where folders are", () => {
  const folders = readTmpfs({ "/tmp": "size=1m", "/dev/shm": "" });
  assertEquals([...folders.keys()], ["/tmp", "/dev/shm"]);
  assertEquals(folders.get("/tmp")?.size, 2 ** 20);
  const targets = [
    ...["", "tmp", "./tmp", "/", "/tmp/", "/tmp/../proc", "/proc", "/proc/1"],
    ...["/sys", "/dev", "/dev/pts", "/dev/shm/x", "/a:b", "/a\0", "__proto__"],
  ];
  for (const target of targets) {
    const given = JSON.parse(`{${JSON.stringify(target)}: ""}`);
    refuses("spec_refused", () => readTmpfs(given), "a target of tmpfs");
  }
});

Deno.test("readTmpfs refuses what is no folders in memory", () => {
  const cases: unknown[] = [
    ...[null, "/tmp", ["/tmp"], 1, true, new Map([["/tmp", ""]])],
    ...[{ "/tmp": null }, { "/tmp": 1 }, { "/tmp": ["rw"] }, { "/tmp": {} }],
    { "/tmp": undefined },
    Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`/${i}`, ""])),
  ];
  for (const given of cases) {
    refuses("spec_refused", () => readTmpfs(given), "tmpfs");
  }
});
