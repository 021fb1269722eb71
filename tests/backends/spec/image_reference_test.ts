import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  imageReferenceText,
  parseImageReference,
} from "../../../backends/spec/image_reference.ts";
import { BackendError } from "../../../backends/mod.ts";
import { refuses } from "../_refuses.ts";

const HEX = "0123456789abcdef".repeat(4);
const DIGEST = `sha256:${HEX}`;

// The text; registry, repository, tag and digest.
const ACCEPTED: [string, (string | undefined)[]][] = [
  ["alpine", ["docker.io", "library/alpine"]],
  ["alpine:3.19", ["docker.io", "library/alpine", "3.19"]],
  ["library/alpine", ["docker.io", "library/alpine"]],
  ["docker.io/alpine", ["docker.io", "library/alpine"]],
  ["docker.io/library/alpine", ["docker.io", "library/alpine"]],
  ["index.docker.io/alpine", ["docker.io", "library/alpine"]],
  ["index.docker.io/library/alpine", ["docker.io", "library/alpine"]],
  ["index.docker.io/team/app", ["docker.io", "team/app"]],
  ["team/app", ["docker.io", "team/app"]],
  ["team/app/part", ["docker.io", "team/app/part"]],
  [`alpine@${DIGEST}`, ["docker.io", "library/alpine", undefined, DIGEST]],
  [`alpine:3@${DIGEST}`, ["docker.io", "library/alpine", "3", DIGEST]],
  // A registry has a dot, a colon or an upper-case letter, or is localhost.
  ["example.com/app", ["example.com", "app"]],
  ["example.com/a/b/c:1", ["example.com", "a/b/c", "1"]],
  ["example.com:5000/app:1", ["example.com:5000", "app", "1"]],
  ["registry:5000/app", ["registry:5000", "app"]],
  ["localhost/app", ["localhost", "app"]],
  ["localhost:5000/x", ["localhost:5000", "x"]],
  ["Registry/app", ["Registry", "app"]],
  ["EXAMPLE.com/app", ["EXAMPLE.com", "app"]],
  ["127.0.0.1:5000/app", ["127.0.0.1:5000", "app"]],
  ["[::1]:5000/app", ["[::1]:5000", "app"]],
  ["a.b/c", ["a.b", "c"]],
  // Without a slash nothing is one.
  ["localhost", ["docker.io", "library/localhost"]],
  ["localhost:5000", ["docker.io", "library/localhost", "5000"]],
  ["docker.io", ["docker.io", "library/docker.io"]],
  ["a.b", ["docker.io", "library/a.b"]],
  // Not Docker's registry, although it looks like it.
  ["docker.io:443/alpine", ["docker.io:443", "alpine"]],
  ["Docker.io/alpine", ["Docker.io", "alpine"]],
  ["docker.io.example.com/alpine", ["docker.io.example.com", "alpine"]],
  // Separators.
  ["a_b", ["docker.io", "library/a_b"]],
  ["a__b", ["docker.io", "library/a__b"]],
  ["a-b", ["docker.io", "library/a-b"]],
  ["a----b", ["docker.io", "library/a----b"]],
  ["a_c-d/e.f", ["docker.io", "a_c-d/e.f"]],
  // Tags.
  ["a:_", ["docker.io", "library/a", "_"]],
  ["a:A.b-c_D", ["docker.io", "library/a", "A.b-c_D"]],
  [`a:${"t".repeat(128)}`, ["docker.io", "library/a", "t".repeat(128)]],
  // Short digits are a name, and no beginning of an id.
  ["cafe", ["docker.io", "library/cafe"]],
  ["sha256:cafe", ["docker.io", "library/sha256", "cafe"]],
  [`a/${HEX}`, ["docker.io", `a/${HEX}`]],
  [`example.com/${"a".repeat(255)}`, ["example.com", "a".repeat(255)]],
];

Deno.test("parseImageReference takes names apart as Docker does", () => {
  for (const [text, [registry, repository, tag, digest]] of ACCEPTED) {
    assertEquals(
      parseImageReference(text),
      {
        registry: registry!,
        repository: repository!,
        name: `${registry}/${repository}`,
        ...(tag === undefined ? {} : { tag }),
        ...(digest === undefined ? {} : { digest }),
      },
      text,
    );
  }
});

Deno.test("parseImageReference takes an id for no name", () => {
  assertEquals(parseImageReference(DIGEST), {
    registry: null,
    repository: "",
    digest: DIGEST,
    name: DIGEST,
  });
  refuses(
    "spec_refused",
    () => parseImageReference(HEX),
    `Write an id as ${DIGEST}`,
  );
});

const REFUSED: [string, string][] = [
  ["", "it has no repository"],
  [" ", "is no repository"],
  [" alpine", "is no repository"],
  ["alpine ", "is no repository"],
  ["alpine\n", "is no repository"],
  ["al pine", "is no repository"],
  ["alpine\0", "is no repository"],
  ["alpïne", "is no repository"],
  ["alpine:", "is no tag"],
  ["alpine: ", "is no tag"],
  ["alpine:.a", "is no tag"],
  ["alpine:-a", "is no tag"],
  ["alpine:a/b", "is no registry"],
  ["alpine:a:b", "is no tag"],
  [`a:${"t".repeat(129)}`, "is no tag"],
  [":latest", "it has no repository"],
  ["Alpine", "lower case"],
  ["team/App", "lower case"],
  ["example.com/App", "lower case"],
  ["library/ALPINE:3", "lower case"],
  ["/alpine", "is no repository"],
  ["alpine/", "is no repository"],
  ["a//b", "is no repository"],
  ["docker.io/", "it has no repository"],
  ["docker.io/library/", "is no repository"],
  ["example.com//a", "is no repository"],
  ["example.com/:tag", "it has no repository"],
  ["-a", "is no repository"],
  ["a-", "is no repository"],
  ["a..b", "is no repository"],
  ["a___b", "is no repository"],
  ["a._b", "is no repository"],
  ["a/../b", "is no repository"],
  ["../a", "is no registry"],
  ["./a", "is no registry"],
  [".com/a", "is no registry"],
  ["a..b/c", "is no registry"],
  ["-a.com/c", "is no registry"],
  ["a-.com/c", "is no registry"],
  ["example.com:/a", "is no registry"],
  ["example.com:x/a", "is no registry"],
  ["example.com:123456/a", "is no registry"],
  ["example.com:1:2/a", "is no registry"],
  ["[::1/a", "is no registry"],
  ["user@example.com/a", "unknown kind"],
  ["https://example.com/a", "leave out what is before //"],
  ["docker://alpine", "leave out what is before //"],
  ["alpine@", "unknown kind"],
  ["alpine@sha256", "unknown kind"],
  ["alpine@sha256:", "64 lower-case hex digits"],
  ["alpine:3@sha256:", "64 lower-case hex digits"],
  [`alpine@sha256:${HEX.slice(1)}`, "64 lower-case hex digits"],
  [`alpine@sha256:${HEX}0`, "64 lower-case hex digits"],
  [`alpine@sha256:${HEX.toUpperCase()}`, "64 lower-case hex digits"],
  [`alpine@sha256:${HEX}\n`, "64 lower-case hex digits"],
  [`alpine@${DIGEST}@${DIGEST}`, "64 lower-case hex digits"],
  [`alpine@SHA256:${HEX}`, "unknown kind"],
  [`alpine@sha512:${HEX}${HEX}`, "unknown kind"],
  [`alpine@md5:${HEX.slice(32)}`, "unknown kind"],
  [`@${DIGEST}`, "it has no repository"],
  ["a".repeat(256), "255 characters"],
  ["a".repeat(2000), "1024 characters"],
  [`example.com/${"a".repeat(256)}`, "255 characters"],
  ["--privileged", "is no repository"],
];

Deno.test("parseImageReference refuses what is no name, and says why", () => {
  for (const [text, why] of REFUSED) {
    refuses("spec_refused", () => parseImageReference(text), why);
  }
});

Deno.test("imageReferenceText leaves the engine nothing to guess", () => {
  const cases = {
    alpine: "docker.io/library/alpine:latest",
    cafe: "docker.io/library/cafe:latest",
    "alpine:3": "docker.io/library/alpine:3",
    "localhost:5000/x": "localhost:5000/x:latest",
    [`alpine@${DIGEST}`]: `docker.io/library/alpine@${DIGEST}`,
    [`alpine:3@${DIGEST}`]: `docker.io/library/alpine:3@${DIGEST}`,
    [DIGEST]: DIGEST,
  };
  for (const [text, full] of Object.entries(cases)) {
    assertEquals(imageReferenceText(parseImageReference(text)), full);
  }
});

Deno.test("parseImageReference reads its own full text as the same image", () => {
  const part = fc.stringMatching(/^[a-z0-9]{1,8}(?:[._-][a-z0-9]{1,4})?$/);
  const texts = fc.tuple(
    fc.constantFrom("", "localhost/", "localhost:5000/", "example.com/"),
    fc.array(part, { minLength: 1, maxLength: 4 }),
    fc.option(fc.stringMatching(/^[\w][\w.-]{0,20}$/), { nil: undefined }),
    fc.boolean(),
  ).map(([registry, path, tag, pinned]) =>
    registry + path.join("/") + (tag === undefined ? "" : `:${tag}`) +
    (pinned ? `@${DIGEST}` : "")
  );
  fc.assert(fc.property(texts, (text) => {
    const first = parseImageReference(text);
    const full = imageReferenceText(first);
    const again = parseImageReference(full);
    assertEquals(again.name, first.name);
    assertEquals(imageReferenceText(again), full);
  }));
});

Deno.test("parseImageReference refuses or reads any text, and throws nothing else", () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.stringMatching(/^[a-zA-Z0-9./:@_-]*$/, { maxLength: 100 }),
  );
  fc.assert(fc.property(texts, (text) => {
    try {
      const { registry, repository, name } = parseImageReference(text);
      assertEquals(
        name,
        registry === null ? text : `${registry}/${repository}`,
      );
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      assertEquals(error.code, "spec_refused");
    }
  }));
});
