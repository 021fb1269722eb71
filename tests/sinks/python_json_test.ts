// The canonical text against the program whose text it is: Python's json module
// writes it, for documents that neither of the two made up for the other.
import { assertEquals, AssertionError } from "@std/assert";
import fc from "fast-check";
import { canonicalText } from "../../sinks/_canonical.ts";
import { readSource } from "../../sinks/_json_source.ts";
import { anyText } from "./_samples.ts";

/** How many documents are drawn. */
const DOCUMENTS = 2000;
const SEED = 20240102;

const PROGRAM = `
import json, sys
for line in sys.stdin.buffer:
    value = json.loads(line)
    print(json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True))
`;

/** Why Python cannot be asked, or undefined where it can. */
async function skipReason(): Promise<string | undefined> {
  const name = "run" as const;
  const { state } = await Deno.permissions.query({ name, command: "python3" });
  if (state !== "granted") return "--allow-run=python3 is not granted";
  try {
    const args = ["-c", "import json"];
    const { success } = await new Deno.Command("python3", { args }).output();
    return success ? undefined : "python3 has no json module";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "there is no python3";
    throw error;
  }
}

/** Numbers as JSON may spell them, in every range of exponents. */
const numberText = fc.oneof(
  fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }).map(String),
  fc.bigInt({ min: -1000n, max: 1000n }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.tuple(
    fc.constantFrom("", "-"),
    fc.nat(9),
    fc.bigInt({ min: 0n, max: 10n ** 18n }),
    fc.constantFrom("e", "E", "e+", "e-", "E-"),
    fc.nat(300),
  ).map(([sign, whole, fraction, e, power]) =>
    `${sign}${whole}.${fraction}${e}${power}`
  ),
  fc.integer({ min: -25, max: 25 }).chain((power) =>
    fc.nat(99999).map((digits) => `${digits}.0e${power}`)
  ),
  fc.constantFrom("-0", "0", "-0.0", "0.0", "1.0", "1E5", "1e16", "1e15"),
);

/** Text in JSON, its astral characters now raw and now escaped. */
const stringText = fc.tuple(anyText, fc.boolean()).map(([text, escaped]) => {
  const raw = JSON.stringify(text);
  return escaped
    ? raw.replace(
      /[^\0-\x7e]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
    )
    : raw;
});

/** A JSON text of one line, with space, equal keys and all. */
const document: fc.Arbitrary<string> = fc.letrec<
  { value: string; object: string }
>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom("null", "true", "false", "[]", "{}"),
    numberText,
    stringText,
    fc.array(tie("value"), { maxLength: 4 }).map((items) =>
      `[${items.join(", ")}]`
    ),
    tie("object"),
  ),
  object: fc.array(fc.tuple(stringText, tie("value")), { maxLength: 6 })
    .map((members) =>
      `{${members.map(([key, value]) => `${key}: ${value}`).join(",")}}`
    ),
})).object;

async function askPython(documents: readonly string[]): Promise<string[]> {
  await using python = new Deno.Command("python3", {
    args: ["-c", PROGRAM],
    env: { PYTHONIOENCODING: "utf-8" },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const input = new Blob(documents.map((text) => `${text}\n`)).stream();
  const written = input.pipeTo(python.stdin);
  const [{ success, stdout }] = await Promise.all([python.output(), written]);
  if (!success) throw new AssertionError("python3 failed; see its message");
  return new TextDecoder().decode(stdout).trimEnd().split("\n");
}

const reason = await skipReason();

Deno.test({
  name:
    "canonicalText writes what Python's json writes, for documents of every kind" +
    (reason === undefined ? "" : ` (skipped: ${reason})`),
  ignore: reason !== undefined,
  fn: async () => {
    const documents = fc.sample(document, { numRuns: DOCUMENTS, seed: SEED });
    const answers = await askPython(documents);
    assertEquals(answers.length, documents.length);
    for (const [n, text] of documents.entries()) {
      const found = canonicalText(readSource(text));
      assertEquals(found, answers[n], `seed ${SEED}, document ${n}: ${text}`);
    }
  },
});
