import { assertEquals } from "@std/assert";
import {
  ENTRIES_MAX,
  readCommand,
  readEnv,
  readLabels,
  readRuntime,
  TEXT_MAX,
} from "../../../backends/spec/text_fields.ts";
import { refuses } from "../_refuses.ts";

function entries(count: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`k${i}`, ""]),
  );
}

Deno.test("readEnv takes any value for a valid name", () => {
  const env = {
    PATH: "/bin",
    _x1: "",
    a: "a=b\nü=💥",
    LONG: "x".repeat(100_000),
  };
  assertEquals(readEnv(env), env);
  assertEquals(readEnv({}), {});
  assertEquals(Object.keys(readEnv(entries(ENTRIES_MAX))).length, ENTRIES_MAX);
  const own = readEnv(JSON.parse('{"__proto__": "x", "constructor": "y"}'));
  assertEquals(Object.entries(own), [["__proto__", "x"], ["constructor", "y"]]);
  assertEquals(Object.getPrototypeOf(own), Object.prototype);
});

Deno.test("readEnv refuses names and values that are none", () => {
  for (
    const name of ["", "1A", "A B", "A=B", "A-B", "A.B", "Ü", "A\0", "A\n"]
  ) {
    refuses("spec_refused", () => readEnv({ [name]: "" }), "env has the key");
  }
  for (const value of [1, null, true, ["a"], {}, undefined, () => "a"]) {
    refuses("spec_refused", () => readEnv({ A: value }), "env.A is");
  }
  const values = ["a\0b", "\ud800", "x".repeat(TEXT_MAX)];
  for (const value of values) {
    refuses("spec_refused", () => readEnv({ A: value }));
  }
  refuses("spec_refused", () => readEnv(entries(ENTRIES_MAX + 1)), "entries");
  refuses(
    "spec_refused",
    () => readEnv({ A: "x".repeat(TEXT_MAX / 2), B: "x".repeat(TEXT_MAX / 2) }),
    "all of env",
  );
  for (const env of [null, [], ["A=1"], "A=1", 1, new Map([["A", "1"]])]) {
    refuses("spec_refused", () => readEnv(env), "env is");
  }
});

Deno.test("readEnv shows no value, which may be a secret", () => {
  for (const env of [{ A: "s3cret\0" }, { A: "s3cret\ud800" }, { A: 53237n }]) {
    const { message } = refuses("spec_refused", () => readEnv(env));
    assertEquals(/s3cret|53237/.test(message), false, message);
  }
});

Deno.test("readLabels keeps the backend's own labels to the backend", () => {
  const labels = { run: "7", "com.example.team": "", "zu": "x", "Zu.a": "y" };
  assertEquals(readLabels(labels), labels);
  for (const key of ["zu.", "zu.owner", "zu.expires"]) {
    refuses(
      "spec_refused",
      () => readLabels({ [key]: "" }),
      "the backend's own",
    );
  }
  const keys = [
    "",
    "a b",
    "a=b",
    "a\n",
    " a",
    "a\0",
    "\ud800",
    "k".repeat(257),
  ];
  for (const key of keys) {
    refuses("spec_refused", () => readLabels({ [key]: "" }));
  }
  for (const value of [1, null, "a\0"]) {
    refuses("spec_refused", () => readLabels({ a: value }), "labels.a");
  }
});

Deno.test("readCommand takes a program and its arguments", () => {
  for (const command of [["sh"], ["sh", "-c", "exit 1"], ["a", "", "ü\n"]]) {
    assertEquals(readCommand(command), command);
  }
  const commands = [
    ...[[], [""], ["", "a"], "sh -c ls", { 0: "sh" }, null, true, ["sh", 1]],
    ...[["sh", null], ["sh\0"], ["sh", "\ud800"], [["sh"]], new Array(3)],
    ...[
      Array(4097).fill("a"),
      ["a", "x".repeat(TEXT_MAX)],
      new Array(2 ** 32 - 1),
    ],
  ];
  for (const command of commands) {
    refuses("spec_refused", () => readCommand(command), "command");
  }
});

Deno.test("readRuntime takes the name of a runtime", () => {
  for (
    const name of ["runsc", "kata-runtime", "io.containerd.runc.v2", "R_1"]
  ) {
    assertEquals(readRuntime(name), name);
  }
  const names = [
    "",
    "-a",
    ".a",
    "_a",
    "a b",
    "/usr/bin/runc",
    "a\n",
    "ü",
    1,
    null,
  ];
  for (const name of [...names, "a".repeat(129)]) {
    refuses("spec_refused", () => readRuntime(name), "runtime is");
  }
});
