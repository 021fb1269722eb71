import { assert, assertEquals } from "@std/assert";
import { JsonlSink } from "../../../sinks/jsonl_sink.ts";
import { assertHolds, rejectsWith, sample, withFolder } from "./_helpers.ts";

const MODULE = import.meta.resolve("../../../sinks/jsonl_sink.ts");
const CONFIG = new URL("../../../deno.json", import.meta.url).pathname;

Deno.test("JsonlSink refuses a second writer in the same process, and lets it in afterwards", async () => {
  await withFolder(async (_folder, log) => {
    const first = new JsonlSink(log);
    await first.append(sample(1));
    await using second = new JsonlSink(log);
    await rejectsWith(second.append(sample(2)), "locked", `${log}.lock`);
    await rejectsWith(second.count(), "locked");
    await first.close();
    await second.append(sample(2));
    await assertHolds(second, [1, 2]);
  });
});

Deno.test("JsonlSink refuses a second writer that comes by a link", async () => {
  await withFolder(async (folder, log) => {
    await using first = new JsonlSink(log);
    await first.append(sample(1));
    await Deno.symlink(log, `${folder}/link.jsonl`);
    await using second = new JsonlSink(`${folder}/link.jsonl`);
    await rejectsWith(second.open(), "locked");
  });
});

/** Opens the log in a process of its own, and says how that went. */
async function openElsewhere(log: string): Promise<string> {
  const script = `
    const { JsonlSink } = await import(${JSON.stringify(MODULE)});
    const sink = new JsonlSink(${JSON.stringify(log)});
    console.log(await sink.open().then(() => "opened", (e) => e.code));
    await sink.close();
  `;
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-lock", "--cached-only", "-A", "-c", CONFIG, "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
  const child = command.spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(script));
  await writer.close();
  const { stdout, stderr, success } = await child.output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim();
}

Deno.test("lesson 1: JsonlSink refuses a second writer in another process", async () => {
  await withFolder(async (_folder, log) => {
    {
      await using sink = new JsonlSink(log);
      await sink.append(sample(1));
      assertEquals(await openElsewhere(log), "locked");
      await sink.append(sample(2));
      await assertHolds(sink, [1, 2]);
    }
    assertEquals(await openElsewhere(log), "opened");
  });
});
