// Image references against the grammar that Docker has for them, written here
// once more, from distribution/reference's own words:
//
//   reference  := name [ ":" tag ] [ "@" digest ]
//   name       := [ domain "/" ] component [ "/" component ]*
//   domain     := host [ ":" port ]
//   host       := domain-part [ "." domain-part ]*  |  "[" IPv6 "]"
//   component  := alnum [ separator alnum ]*
//   separator  := "." | "_" | "__" | "-"+
//   tag        := [A-Za-z0-9_] [A-Za-z0-9_.-]{0,127}
//
// and what is narrower here: digests are SHA-256 alone, ports have at most five
// digits, and what may as well be an id or a URL is refused.
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { BackendError } from "../../backends/mod.ts";
import {
  type ImageReference,
  imageReferenceText,
  parseImageReference,
} from "../../backends/spec/image_reference.ts";
import { reportRow, runsOf, Tally } from "./_form.ts";

/** A parser of one text, rule by rule, that takes as much as each rule allows. */
class Grammar {
  #at = 0;

  constructor(readonly text: string) {}

  static isName(text: string): boolean {
    return text.split("/").every((part) => {
      const grammar = new Grammar(part);
      return grammar.#component() && grammar.#at === part.length;
    });
  }

  static isTag(text: string): boolean {
    return text.length >= 1 && text.length <= 128 &&
      [...text].every((char, at) =>
        isAlnum(char.toLowerCase()) || char === "_" ||
        (at > 0 && (char === "." || char === "-"))
      ) && text === text.normalize("NFKC");
  }

  static isDomain(text: string): boolean {
    const isV6 = text.startsWith("[");
    const end = isV6 ? text.indexOf("]") + 1 : (text + ":").indexOf(":");
    const host = text.slice(0, end);
    const rest = text.slice(end);
    const isHost = isV6
      ? end > 2 && isEach(host.slice(1, -1), "0123456789abcdefABCDEF:")
      : host.split(".").every((part) =>
        part !== "" && !part.startsWith("-") && !part.endsWith("-") &&
        isEach(part.toLowerCase(), `${ALNUM}-`)
      );
    return isHost && (rest === "" ||
      (rest.startsWith(":") && rest.length >= 2 && rest.length <= 6 &&
        isEach(rest.slice(1), "0123456789")));
  }

  #component(): boolean {
    if (!this.#alnum()) return false;
    for (;;) {
      const before = this.#at;
      if (!this.#separator()) return true;
      if (!this.#alnum()) {
        this.#at = before;
        return true;
      }
    }
  }

  #alnum(): boolean {
    const before = this.#at;
    while (isAlnum(this.text[this.#at] ?? "")) this.#at++;
    return this.#at > before;
  }

  #separator(): boolean {
    for (const one of ["__", "_", "."]) {
      if (this.text.startsWith(one, this.#at)) {
        this.#at += one.length;
        return true;
      }
    }
    const before = this.#at;
    while (this.text[this.#at] === "-") this.#at++;
    return this.#at > before;
  }
}

const ALNUM = "abcdefghijklmnopqrstuvwxyz0123456789";

function isAlnum(char: string): boolean {
  return char.length === 1 && ALNUM.includes(char);
}

function isEach(text: string, chars: string): boolean {
  return [...text].every((char) => chars.includes(char));
}

function isDigest(text: string): boolean {
  return text.length === 71 && text.startsWith("sha256:") &&
    isEach(text.slice(7), "0123456789abcdef");
}

/** What the grammar says of a text; undefined if it is no reference. */
function expected(text: string): ImageReference | undefined {
  const isHex = text.length === 64 && isEach(text, "0123456789abcdef");
  if (text.length > 1024 || isHex) return undefined;
  if (isDigest(text)) {
    return { registry: null, repository: "", digest: text, name: text };
  }
  const [tagged, ...digests] = text.split("@");
  const [digest] = digests;
  if (digests.length > 1 || (digest !== undefined && !isDigest(digest))) {
    return undefined;
  }
  const slash = tagged!.indexOf("/");
  const first = slash < 0 ? "" : tagged!.slice(0, slash);
  const isDomain = first === "localhost" ||
    [...first].some((char) =>
      ".:".includes(char) || (char >= "A" && char <= "Z")
    );
  const domain = isDomain ? first : "docker.io";
  const registry = domain === "index.docker.io" ? "docker.io" : domain;
  const [path, ...tags] = (isDomain ? tagged!.slice(slash + 1) : tagged!)
    .split(":");
  const tag = tags.length === 0 ? undefined : tags.join(":");
  const isLibrary = registry === "docker.io" && !path!.includes("/");
  const repository = isLibrary ? `library/${path}` : path!;
  const isValid = Grammar.isDomain(domain) && Grammar.isName(path!) &&
    (tag === undefined || Grammar.isTag(tag)) && repository.length <= 255;
  if (!isValid) return undefined;
  return {
    registry,
    repository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
    name: `${registry}/${repository}`,
  };
}

const alnum = fc.stringMatching(/^[a-z0-9]{1,6}$/);
const component = fc.array(
  fc.tuple(alnum, fc.constantFrom(".", "_", "__", "-", "---")),
  { minLength: 1, maxLength: 3 },
).map((parts) => parts.flat().slice(0, -1).join(""));
const domain = fc.oneof(
  fc.constantFrom("localhost", "docker.io", "index.docker.io", "[::1]", "A"),
  fc.stringMatching(/^[a-zA-Z0-9]([a-zA-Z0-9-]{0,5}[a-zA-Z0-9])?\.[a-z]{2}$/),
);
const port = fc.oneof(
  fc.constant(""),
  fc.nat({ max: 99_999 }).map((n) => `:${n}`),
);
const hex64 = fc.stringMatching(/^[0-9a-f]{64}$/);
const reference = fc.record({
  domain: fc.option(fc.tuple(domain, port).map((parts) => parts.join(""))),
  path: fc.oneof(
    {
      weight: 9,
      arbitrary: fc.array(component, { minLength: 1, maxLength: 3 }),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(["a".repeat(247)], ["a".repeat(248)]),
    },
  ),
  tag: fc.option(fc.stringMatching(/^\w[\w.-]{0,9}$/)),
  digest: fc.option(hex64),
}).map(({ domain, path, tag, digest }) =>
  (domain === null ? "" : `${domain}/`) + path.join("/") +
  (tag === null ? "" : `:${tag}`) + (digest === null ? "" : `@sha256:${digest}`)
);
const piece = fc.constantFrom(
  ...["/", ":", "@", ".", "_", "__", "-", "[", "]", "//", "..", "sha256:", " "],
  ...[
    "A",
    "é",
    "K",
    "\u0130",
    "\n",
    "\0",
    "%",
    "+",
    "http://",
    "localhost/",
    ":5000/",
  ],
  ...[
    "@sha256:",
    "a".repeat(129),
    "0".repeat(64),
    "٣",
    "ａ",
    "x",
    "F",
    "\u2028",
  ],
);
const nearly = fc.oneof(
  fc.array(fc.oneof(piece, alnum), { maxLength: 8 }).map((all) => all.join("")),
  fc.tuple(reference, fc.nat(), fc.nat({ max: 3 }), piece).map(
    ([text, at, drop, piece]) => {
      const place = at % (text.length + 1);
      return text.slice(0, place) + piece + text.slice(place + drop);
    },
  ),
  fc.string({ unit: "binary", maxLength: 12 }),
  hex64,
  hex64.map((hex) => `sha256:${hex}`),
);

Deno.test("parseImageReference reads what Docker's grammar has, and nothing else", () => {
  const tally = new Tally();
  const runs = runsOf("image references", 4000, 300_000);
  fc.assert(
    fc.property(fc.oneof(reference, nearly), (text) => {
      const should = expected(text);
      let found: ImageReference | undefined;
      try {
        found = parseImageReference(text);
      } catch (error) {
        assert(error instanceof BackendError, `${error}`);
        assertEquals(error.code, "spec_refused");
      }
      assertEquals(found, should);
      tally.add(found === undefined ? "refused" : "read");
      if (found === undefined) return;
      // What an engine is handed means the same, and leaves nothing to guess.
      const whole = imageReferenceText(found);
      const again = parseImageReference(whole);
      assertEquals(imageReferenceText(again), whole);
      assertEquals(again.name, found.name);
    }),
    runs,
  );
  reportRow(
    "parseImageReference",
    "Docker's grammar",
    runs.numRuns,
    `${tally}`,
  );
});
