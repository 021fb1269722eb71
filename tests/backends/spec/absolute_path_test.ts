import { assertEquals } from "@std/assert";
import {
  absolutePath,
  isWithin,
  normalPath,
} from "../../../backends/spec/absolute_path.ts";
import { refuses } from "../_refuses.ts";

Deno.test("absolutePath takes paths that have one reading", () => {
  const paths = [
    "/",
    "/a",
    "/a/b.c/..d/e..",
    "/a b/ü,c/-x/...",
    "/a\\b",
    `/${"x".repeat(4094)}`,
  ];
  for (const path of paths) assertEquals(absolutePath(path, "it"), path);
});

Deno.test("absolutePath refuses all others, and says how to write them", () => {
  const cases: [unknown, string][] = [
    ["", "must be an absolute path"],
    ["a", "must be an absolute path"],
    ["./a", "must be an absolute path"],
    ["~/a", "must be an absolute path"],
    [" /a", "must be an absolute path"],
    ["C:\\a", "must be an absolute path"],
    ["file:///a", "must be an absolute path"],
    ["/a/", "write /a"],
    ["//", "write /"],
    ["//a", "write /a"],
    ["/a//b", "write /a/b"],
    ["/./a", "write /a"],
    ["/a/.", "write /a"],
    ["/a/../b", "write /b"],
    ["/..", "write /"],
    ["/a/..", "write /"],
    ["/a:b", "neither colons nor"],
    ["/a:ro", "neither colons nor"],
    ["/a\n", "neither colons nor"],
    ["/a\x1b[2J", "neither colons nor"],
    ["/a\x7f", "neither colons nor"],
    ["/a\0", "must not contain NUL"],
    ["/\ud800", "lone surrogate"],
    [`/${"x".repeat(4095)}`, "longer than 4095"],
    [undefined, "must be a string"],
    [null, "must be a string"],
    [["/a"], "must be a string"],
    [{ toString: () => "/a" }, "must be a string"],
  ];
  for (const [path, words] of cases) {
    refuses("spec_refused", () => absolutePath(path, "the path"), words);
  }
});

Deno.test("isWithin ends where a path segment does", () => {
  assertEquals(isWithin("/a/b", "/a"), true);
  assertEquals(isWithin("/a", "/a"), true);
  assertEquals(isWithin("/a", "/"), true);
  assertEquals(isWithin("/ab", "/a"), false);
  assertEquals(isWithin("/a", "/a/b"), false);
});

Deno.test("normalPath leaves one path of each", () => {
  for (const path of ["/a/b", "//a//b", "/a/./b/", "/a/c/../b", "/../a/b/."]) {
    assertEquals(normalPath(path), "/a/b");
  }
  for (const path of ["/", "//", "/..", "/./"]) {
    assertEquals(normalPath(path), "/");
  }
});
