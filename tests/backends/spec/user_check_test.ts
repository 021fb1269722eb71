import { assertEquals } from "@std/assert";
import { asksForRoot, readUser } from "../../../backends/spec/user_check.ts";
import { refuses } from "../_refuses.ts";

Deno.test("readUser reads names and ids, and writes ids in one way", () => {
  const cases = {
    root: "root",
    nobody: "nobody",
    _apt: "_apt",
    "build-agent": "build-agent",
    machine$: "machine$",
    [`a${"b".repeat(31)}`]: `a${"b".repeat(31)}`,
    "1000": "1000",
    "1000:1000": "1000:1000",
    "nobody:nogroup": "nobody:nogroup",
    "1000:users": "1000:users",
    "nobody:65534": "nobody:65534",
    "0": "0",
    "00": "0",
    "0001000:00": "1000:0",
    "4294967294": "4294967294",
  };
  for (const [user, written] of Object.entries(cases)) {
    assertEquals(readUser(user), written);
  }
});

Deno.test("readUser refuses all else", () => {
  const users = [
    ...[
      "",
      ":",
      "1000:",
      ":1000",
      "a:b:c",
      " root",
      "root ",
      "ro ot",
      "root\n",
    ],
    ...[
      "Root",
      "ROOT",
      "1a",
      "-1",
      "+0",
      "0x0",
      "1.0",
      "1e3",
      "a.b",
      "a/b",
      "ü",
    ],
    ...["$", "a$b", `a${"b".repeat(32)}`, "4294967295", "4294967296"],
    ...["9".repeat(21), "root:-1", "root:4294967295", "root\0", "０"],
  ];
  for (const user of [...users, 0, 1000, null, ["root"], {}, true]) {
    refuses("spec_refused", () => readUser(user), "user is");
  }
});

Deno.test("asksForRoot knows root by its name and its id", () => {
  const root = [
    "root",
    "0",
    "00",
    "000:1",
    "0:0",
    "0:1000",
    "root:root",
    "root:a",
  ];
  for (const user of root) assertEquals(asksForRoot(user), true, user);
  const others = [
    "1000",
    "1000:0",
    "nobody",
    "nobody:root",
    "roots",
    "10",
    "01",
  ];
  for (const user of others) assertEquals(asksForRoot(user), false, user);
});
