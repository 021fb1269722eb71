// The tar reader against Python's tarfile: an archive that ours takes, it must
// take for the same entries, with the same bytes in them.
import { assertEquals, AssertionError } from "@std/assert";
import fc from "fast-check";
import { BackendError } from "../../backends/mod.ts";
import { encodeName } from "../../backends/files/file_names.ts";
import { TarReader } from "../../backends/files/tar_reader.ts";
import { checksumOf } from "../../backends/files/tar_header.ts";
import {
  concat,
  END,
  entry,
  file,
  folder,
  gnuLong,
  hardLink,
  pax,
  stream,
  symlink,
} from "../backends/files/_archives.ts";
import { reportRow, runsOf, SEED, Tally } from "./_form.ts";
import { Peer } from "./_peer.ts";
import { pythonPeer, pythonTest } from "./_python.ts";

const PROGRAM = `
import hashlib, io, json, math, tarfile

KINDS = {b"0": "file", b"\\0": "file", b"7": "file", b"1": "link", b"2": "symlink",
         b"3": "device", b"4": "device", b"5": "directory", b"6": "device"}

FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}

def latin(text):
    return text.encode("utf-8", "surrogateescape").hex()

def make(wish):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=FORMATS[wish["format"]], encoding="utf-8") as tar:
        for entry in wish["entries"]:
            member = tarfile.TarInfo(entry["path"])
            member.type = entry["type"].encode()
            body = b"x" * entry["size"] if member.isreg() else b""
            member.size = len(body)
            member.mode, member.mtime = entry["mode"], entry["mtime"]
            member.linkname = entry["link"]
            try:
                tar.addfile(member, io.BytesIO(body))
            except ValueError:
                # A path that the format has no room for.
                pass
    return json.dumps(out.getvalue().hex())

def answer(question):
    wish, question = question[:1] == b"w", question[1:]
    if wish:
        return make(json.loads(question))
    try:
        entries = []
        with tarfile.open(fileobj=io.BytesIO(question), mode="r:", encoding="utf-8") as tar:
            for member in tar:
                kind = KINDS.get(member.type, "unknown")
                # A folder from before there was a flag for them, as GNU tar has it.
                name = member.pax_headers.get("path") or member.name
                if kind == "file" and name.endswith("/"):
                    kind = "directory"
                body = tar.extractfile(member).read() if kind == "file" else b""
                entries.append({
                    "path": latin(member.name.rstrip("/")),
                    "type": kind,
                    "size": len(body),
                    "mode": member.mode & 0o777,
                    "mtime": member.mtime if math.isfinite(member.mtime) else 0,
                    "link": latin(member.linkname),
                    "sha256": hashlib.sha256(body).hexdigest(),
                })
        return json.dumps(entries)
    except (tarfile.TarError, ValueError, OverflowError, EOFError, KeyError) as error:
        return json.dumps(str(error))
`;

interface Entry {
  readonly path: string;
  readonly type: string;
  readonly size: number;
  readonly mode: number;
  readonly mtime: number;
  readonly link: string;
  readonly sha256: string;
}

/** A path's bytes in hex. */
function hexOf(text: string): string {
  const bytes = encodeName(text);
  if (bytes === undefined) throw new AssertionError(`no name: ${text}`);
  return bytes.toHex();
}

/** What our reader finds, or undefined if it refuses the archive. */
async function read(bytes: Uint8Array): Promise<Entry[] | undefined> {
  using reader = new TarReader(stream(bytes, 1000));
  const entries: Entry[] = [];
  try {
    for (;;) {
      const found = await reader.next();
      if (found === undefined) return entries;
      const body = concat(...await Array.fromAsync(reader.body()));
      const digest = await crypto.subtle.digest("SHA-256", body);
      entries.push({
        path: hexOf(found.path.replace(/\/+$/, "")),
        type: found.type,
        size: body.length,
        mode: found.mode,
        mtime: found.mtime ?? 0,
        link: hexOf(found.link),
        sha256: new Uint8Array(digest).toHex(),
      });
    }
  } catch (error) {
    if (error instanceof BackendError && error.code === "file_refused") {
      return undefined;
    }
    throw error;
  }
}

const name = fc.oneof(
  fc.stringMatching(/^[a-z.]{1,6}(\/[a-zé]{1,6}){0,2}$/),
  fc.constantFrom("é".repeat(60), "a/".repeat(70) + "b", "😀", "x".repeat(100)),
);
const small = fc.string({ maxLength: 30 });

/** An entry, maybe with what stands before it. */
const entries: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.tuple(name, small).map(([name, body]) => file(name.slice(0, 40), body)),
  name.map((name) => folder(`${name.slice(0, 40)}/`)),
  fc.tuple(name, name).map(([name, link]) =>
    symlink(name.slice(0, 40), link.slice(0, 40))
  ),
  fc.tuple(name, name).map(([name, link]) =>
    hardLink(name.slice(0, 40), link.slice(0, 40))
  ),
  fc.tuple(name, small, fc.nat({ max: 2 ** 33 })).map(([path, body, mtime]) =>
    concat(pax({ path, mtime: `${mtime}.5`, "x.y": "z" }), file("x", body))
  ),
  fc.tuple(name, name).map(([path, linkpath]) =>
    concat(pax({ path, linkpath }), symlink("x", "y"))
  ),
  fc.tuple(name, small).map(([long, body]) =>
    concat(gnuLong("L", long), file("x", body))
  ),
  name.map((long) => concat(gnuLong("K", long), symlink("x", "y"))),
  fc.tuple(small, fc.constantFrom("6", "3", "4", "7", "\0")).map(
    ([body, type]) =>
      entry({ name: "e", type }, type === "7" || type === "\0" ? body : ""),
  ),
  small.map((body) => concat(pax({ size: `${body.length}` }), file("x", body))),
  // An extension with more in its block than it says.
  fc.constantFrom("L", "K", "x").map((type) =>
    concat(
      entry({ name: "e", type, size: "12" }, "10 path=a\n11 path=bb\n"),
      symlink("x", "y"),
    )
  ),
  fc.constantFrom("a/", "a//").map((name) => file(name)),
  name.map((name) => entry({ name: "n", prefix: name.slice(0, 40) })),
  fc.constant(pax({ comment: "x" }, "g")),
);

const change = fc.record({
  block: fc.nat({ max: 12 }),
  // Not the magic, without which Python has a prefix all the same; and not what
  // we do not read or do not mind: the owner, and a time that is none.
  at: fc.oneof(
    fc.nat({ max: 30 }),
    fc.integer({ min: 100, max: 107 }),
    fc.integer({ min: 124, max: 135 }),
    fc.integer({ min: 156, max: 180 }),
    fc.integer({ min: 345, max: 360 }),
  ),
  byte: fc.oneof(
    fc.nat({ max: 255 }),
    fc.constantFrom(...new TextEncoder().encode("./012567xgLKS= \n\0")),
  ),
});

/** Puts the right checksum into a block that is meant for a header. */
function seal(block: Uint8Array): void {
  const sum = checksumOf(block).toString(8).padStart(6, "0");
  block.set(new TextEncoder().encode(`${sum}\0 `), 148);
}

const archives = fc.record({
  parts: fc.array(entries, { maxLength: 5 }),
  changes: fc.array(change, { maxLength: 2 }),
  isSealed: fc.nat({ max: 9 }).map((n) => n > 0),
  cut: fc.option(fc.nat({ max: 4000 }), { nil: undefined, freq: 2 }),
}).map(({ parts, changes, isSealed, cut }) => {
  const bytes = concat(...parts, END);
  for (const { block, at, byte } of changes) {
    const start = block * 512 % bytes.length;
    const whole = bytes.subarray(start, start + 512);
    const isHeader =
      new TextDecoder().decode(whole.subarray(257, 262)) === "ustar";
    whole[at] = byte;
    if (isSealed && isHeader) seal(whole);
  }
  // Seldom cut off: that is always seen.
  const isCut = cut !== undefined && cut % 10 === 0;
  return bytes.slice(0, isCut ? cut % bytes.length : undefined);
});

function same(found: Entry[], theirs: unknown, bytes: Uint8Array): void {
  try {
    assertEquals(found, theirs);
  } catch (cause) {
    throw new AssertionError(
      `ZU_FUZZ_SEED=${SEED}: ${(cause as Error).message}\nfor ${
        JSON.stringify(String.fromCharCode(...bytes)).replace(
          /(\\u0000)+/g,
          "~",
        )
      }`,
      { cause },
    );
  }
}

pythonTest(
  "TarReader takes no archive for something else than Python's tarfile does",
  async () => {
    const tally = new Tally();
    const runs = runsOf("tar", 1000, 100_000);
    await using peer = new Peer(pythonPeer(PROGRAM));
    await fc.assert(
      fc.asyncProperty(archives, async (bytes) => {
        const found = await read(bytes);
        tally.add(found === undefined ? "refused" : "read");
        if (found === undefined || bytes.length === 0) return;
        const [answer] = await peer.ask([concat("r", bytes)]);
        same(found, JSON.parse(answer!), bytes);
        tally.add("entries", found.length);
      }),
      runs,
    );
    reportRow(
      "TarReader, changed archives",
      "Python's tarfile",
      runs.numRuns,
      `${tally}`,
    );
  },
);

pythonTest(
  "TarReader reads every archive that Python's tarfile writes, in each of its formats",
  async () => {
    const tally = new Tally();
    const runs = runsOf("tar of Python", 300, 20_000);
    await using peer = new Peer(pythonPeer(PROGRAM));
    const wishes = fc.record({
      format: fc.constantFrom("ustar", "gnu", "pax"),
      entries: fc.array(
        fc.record({
          path: name,
          type: fc.constantFrom("0", "0", "5", "1", "2", "6"),
          size: fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 3000 })),
          mode: fc.nat({ max: 0o7777 }),
          mtime: fc.nat({ max: 2 ** 31 }),
          link: name,
        }),
        { maxLength: 5 },
      ),
    });
    await fc.assert(
      fc.asyncProperty(wishes, async (wish) => {
        const [made] = await peer.ask([concat("w", JSON.stringify(wish))]);
        const bytes = Uint8Array.fromHex(JSON.parse(made!));
        const found = await read(bytes);
        if (found === undefined) throw new AssertionError("it was refused");
        const [answer] = await peer.ask([concat("r", bytes)]);
        same(found, JSON.parse(answer!), bytes);
        tally.add(wish.format);
        tally.add("entries", found.length);
      }),
      runs,
    );
    reportRow(
      "TarReader, Python's archives",
      "Python's tarfile",
      runs.numRuns,
      `${tally}`,
    );
  },
);
