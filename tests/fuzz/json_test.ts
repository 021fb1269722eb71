// An event's text, its canonical text and its digest, against the programs that
// the format comes from: Python's json, float, int and hashlib.
import { assertEquals, AssertionError } from "@std/assert";
import {
  digestEvent,
  parseEvent,
  serializeEvent,
  SinkError,
} from "../../sinks/mod.ts";
import { canonicalEvent } from "../../sinks/hash_chain.ts";
import { readSealed, readStoredText } from "../../sinks/_sealed_event.ts";
import { eventJson } from "./_event_json.ts";
import { reportRow, SEED, seedOf, sized, Tally } from "./_form.ts";
import { TextRandom } from "./_json_text.ts";
import { JsonOracle, type Verdict } from "./_json_oracle.ts";
import { pythonTest } from "./_python.ts";
import { shrunk } from "./_shrink.ts";

const DOCUMENTS = sized(4_000, 1_000_000);
/** How many are asked about at once. */
const BATCH = 500;

/** What we make of a text: by every way that there is through the code. */
type Reading =
  | {
    readonly canonical: string;
    readonly sha256: string;
    readonly stored: string;
    /** Whether verification takes the stored text without parsing it. */
    readonly isScanned: boolean;
  }
  | { readonly refused: string };

/** The code of a refusal; anything else is thrown on. */
function refusalOf(error: unknown): string {
  if (error instanceof SinkError && error.code === "invalid_event") {
    return error.message;
  }
  throw error;
}

function read(text: string): Reading {
  let event;
  try {
    event = parseEvent(text);
  } catch (error) {
    const refused = refusalOf(error);
    let canonical: string;
    try {
      ({ canonical } = readSealed(text));
    } catch (error) {
      refusalOf(error);
      return { refused };
    }
    throw new AssertionError(`parsing refuses what is verified: ${canonical}`);
  }
  const { prev_hash } = event;
  const canonical = canonicalEvent(event, prev_hash);
  const stored = serializeEvent(event);
  assertEquals(readSealed(text).canonical, canonical, "readSealed");
  assertEquals(readSealed(stored).canonical, canonical, "readSealed, stored");
  assertEquals(serializeEvent(parseEvent(stored)), stored, "stored again");
  const scanned = readStoredText(stored)?.canonical;
  assertEquals(scanned ?? canonical, canonical, "readStoredText");
  return {
    canonical,
    sha256: digestEvent(event, prev_hash),
    stored,
    isScanned: scanned !== undefined,
  };
}

/** What differs, or undefined if nothing does. */
function difference(ours: Reading, theirs: Verdict): string | undefined {
  if ("wrong" in theirs) return theirs.wrong;
  if ("refused" in theirs) {
    return "refused" in ours
      ? undefined
      : `Python refuses it (${theirs.refused}), we do not`;
  }
  if ("refused" in ours) return `Python reads it, we do not: ${ours.refused}`;
  if (ours.canonical !== theirs.canonical) {
    return `ours   ${ours.canonical}\nPython ${theirs.canonical}`;
  }
  return ours.sha256 === theirs.sha256 ? undefined : "the digests differ";
}

/** A reading that fails otherwise than by a refusal is a difference, too. */
async function compare(
  text: string,
  oracle: JsonOracle,
): Promise<string | undefined> {
  let ours: Reading;
  try {
    ours = read(text);
  } catch (error) {
    return String(error);
  }
  const [theirs] = await oracle.ask([{ text, ...ours }]);
  return difference(ours, theirs!);
}

async function fail(text: string, what: string, oracle: JsonOracle) {
  // Whatever else goes wrong with a shorter text may be something else.
  const kind = what.slice(0, 20);
  const short = await shrunk(
    text,
    async (shorter) =>
      (await compare(shorter, oracle))?.startsWith(kind) === true,
  );
  throw new AssertionError(
    `ZU_FUZZ_SEED=${SEED}: ${await compare(short, oracle)}\n` +
      `for ${JSON.stringify(short)}\nshrunk from ${JSON.stringify(text)}`,
  );
}

pythonTest(
  "parseEvent and digestEvent read and digest what Python's json does, and refuse the rest",
  async () => {
    const random = new TextRandom(seedOf("json"));
    const tally = new Tally();
    await using oracle = new JsonOracle();
    let asked: Promise<void> = Promise.resolve();
    for (let done = 0; done < DOCUMENTS; done += BATCH) {
      const texts = Array.from({ length: BATCH }, () => eventJson(random));
      const readings: Reading[] = [];
      for (const text of texts) {
        try {
          readings.push(read(text));
        } catch (error) {
          await asked;
          await fail(text, String(error), oracle);
        }
      }
      const before = asked;
      const verdicts = oracle.ask(
        texts.map((text, n) => ({ text, ...readings[n]! })),
      );
      // Python works on this batch while the next one is made.
      asked = verdicts.then(async (verdicts) => {
        await before;
        for (const [n, theirs] of verdicts.entries()) {
          const ours = readings[n]!;
          const what = difference(ours, theirs);
          if (what !== undefined) await fail(texts[n]!, what, oracle);
          tally.add("refused" in ours ? "refused" : "read");
          if ("isScanned" in ours && ours.isScanned) tally.add("scanned");
        }
      });
      asked.catch(() => {/* Awaited behind the next batch. */});
      await before;
    }
    await asked;
    reportRow(
      "parseEvent, canonical text",
      "Python's json",
      DOCUMENTS,
      `${tally}`,
    );
  },
);
