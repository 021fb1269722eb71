// Lives through a fault as a process of its own, and tells what became of it.
//
//   deno run … faulty_program.ts <path> <variant, JSON> <plan, JSON>
import { SinkError } from "../../sinks/mod.ts";
import { openLog, type Variant } from "./_logs.ts";
import { openFilesIn, Trial } from "./_trial.ts";
import type { Plan, Told } from "./_program.ts";

const [path, variantText, planText] = Deno.args as [string, string, string];
const variant = JSON.parse(variantText) as Variant;
const { rounds, maxBytes, attemptsMax, isLockedOut = false } = JSON.parse(
  planText,
) as Plan;
const folder = path.slice(0, path.lastIndexOf("/"));
const told: Told[] = [];

function note(doing: Told["doing"], error: unknown): void {
  const { code = "none", message } = error as { code?: string } & Error;
  told.push({ doing, code, message });
}

/** Does something until it succeeds, and notes why it did not. */
async function insist<Result>(
  doing: Told["doing"],
  work: () => Promise<Result>,
): Promise<Result> {
  for (let attempt = 0;; attempt++) {
    try {
      return await work();
    } catch (error) {
      note(doing, error);
      if (attempt === attemptsMax) throw error;
    }
  }
}

const trial = new Trial();

async function live(): Promise<void> {
  const sink = await insist("open", () => openLog(path, variant, { maxBytes }));
  try {
    if (isLockedOut) await Deno.chmod(folder, 0);
    for (let round = 0; round < rounds; round++) {
      for (const error of await trial.append(sink)) note("append", error);
    }
    if (isLockedOut) await Deno.chmod(folder, 0o755);
    await insist("append", async () => {
      const [error] = await trial.appendRefused(sink);
      if (error !== undefined) throw error;
    });
    await insist("read", () => trial.checkAll(sink));
  } finally {
    await sink.close().catch((error) => note("close", error));
  }
}

try {
  await live();
} catch (error) {
  // It was tried often enough, and was noted each time.
  if (!(error instanceof SinkError)) throw error;
}
const left = await openFilesIn(folder);
console.log(JSON.stringify({ told, acknowledged: trial.acknowledged, left }));
