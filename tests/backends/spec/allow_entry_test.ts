import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type AllowEntry,
  allowEntryText,
  entryAllows,
  intersectEntries,
  parseAllowEntry,
} from "../../../backends/spec/allow_entry.ts";
import { parseImageReference } from "../../../backends/spec/image_reference.ts";

Deno.test("parseAllowEntry reads registries and the beginnings of names", () => {
  const cases = {
    "docker.io": "docker.io",
    "docker.io/": "docker.io",
    "docker.io/*": "docker.io",
    "index.docker.io": "docker.io",
    "index.docker.io/team": "docker.io/team",
    "docker.io/library/alpine": "docker.io/library/alpine",
    "docker.io/team": "docker.io/team",
    "docker.io/team/*": "docker.io/team",
    localhost: "localhost",
    "localhost:5000": "localhost:5000",
    "localhost/team": "localhost/team",
    "example.com/team/": "example.com/team",
    Registry: "Registry",
    "[::1]:5000": "[::1]:5000",
    // As Docker reads names.
    alpine: "docker.io/library/alpine",
    "library/alpine": "docker.io/library/alpine",
    "library/*": "docker.io/library",
    myorg: "docker.io/library/myorg",
    "myorg/": "docker.io/myorg",
    "myorg/*": "docker.io/myorg",
    "myorg/app": "docker.io/myorg/app",
  };
  for (const [text, full] of Object.entries(cases)) {
    const entry = parseAllowEntry(text);
    assertEquals(entry === undefined ? entry : allowEntryText(entry), full);
    assertEquals(parseAllowEntry(full), entry, text);
  }
});

Deno.test("parseAllowEntry reads nothing else", () => {
  const texts = [
    ...["", " ", "*", "/", "/*", "//", "**", "docker.io/**", "docker.io//"],
    ...["*.example.com", "example.com/*/a", "example.com/a*"],
    ...["https://example.com", "user@example.com", "example.com:x"],
    ...["docker.io/library/alpine:3", `alpine@sha256:${"0".repeat(64)}`],
    ...[`sha256:${"0".repeat(64)}`, "docker.io/Library", "Alpine/Library"],
    ...["docker.io /a", "/docker.io", "../a", "a..b", "-", "docker.io,a"],
  ];
  for (const text of texts) {
    assertEquals(parseAllowEntry(text), undefined, text);
  }
});

Deno.test("entryAllows ends where a path segment does", () => {
  const cases: [string, string[], string[]][] = [
    ["docker.io", ["alpine", "a/b", "docker.io/a"], [
      "docker.io:443/a",
      "docker.io.example.com/a",
      "example.com/docker.io/a",
      "localhost/a",
    ]],
    ["docker.io/library", ["alpine", "library/a/b"], ["a/b", "libraryx/a"]],
    ["alpine", ["alpine:3", "library/alpine/x"], ["alpine2", "team/alpine"]],
    ["example.com/team", ["example.com/team", "example.com/team/a/b"], [
      "example.com/teamwork/a",
      "example.com/a/team",
      "example.com:5000/team/a",
      "example.org/team/a",
      "team/a",
    ]],
    ["localhost", ["localhost/a", "localhost:5000/a"], [
      "localhost.example.com/a",
      "127.0.0.1:5000/a",
      "library/localhost",
    ]],
    ["localhost/team", ["localhost:5000/team/a"], ["localhost:5000/a"]],
    ["localhost:5000", ["localhost:5000/a"], ["localhost/a", "localhost:1/a"]],
    ["example.com", ["example.com/a"], ["EXAMPLE.com/a", "www.example.com/a"]],
  ];
  for (const [text, yes, no] of cases) {
    const entry = parseAllowEntry(text)!;
    for (const image of [...yes, ...no]) {
      const allows = entryAllows(entry, parseImageReference(image));
      assertEquals(allows, yes.includes(image), `${text} and ${image}`);
    }
  }
  const id = parseImageReference(`sha256:${"0".repeat(64)}`);
  assertEquals(entryAllows({ registry: "docker.io", path: "" }, id), false);
});

const entries = fc.record({
  registry: fc.constantFrom("docker.io", "localhost", "localhost:1", "a.b"),
  path: fc.array(fc.constantFrom("a", "b", "ab"), { maxLength: 3 })
    .map((parts) => parts.join("/")),
});
const lists = fc.array(entries, { maxLength: 4 });

Deno.test("intersectEntries allows what both lists allow, and nothing else", () => {
  const images = entries.map(({ registry, path }) =>
    parseImageReference(`${registry}/${path || "a"}/ab`)
  );
  fc.assert(fc.property(lists, lists, images, (left, right, image) => {
    const isIn = (list: readonly AllowEntry[]) =>
      list.some((entry) => entryAllows(entry, image));
    assertEquals(
      isIn(intersectEntries(left, right)),
      isIn(left) && isIn(right),
    );
  }));
});
