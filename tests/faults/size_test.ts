import { assert, assertEquals, assertRejects } from "@std/assert";
import { MemorySink, SinkError, verifyLog } from "../../sinks/mod.ts";
import { programCommand } from "../crash/_child.ts";
import { IS_LONG, nameOf, openLog, sized, SOME, withFolder } from "./_logs.ts";
import { assertTold, Trial, within } from "./_trial.ts";

const TRACES = sized(10_000, 100_000);
const TRACES_NAME = IS_LONG
  ? "100,000 traces"
  : "100,000 traces (10,000 in the short form)";

const SINKS = [
  ...SOME.map((variant) => ({
    name: nameOf(variant),
    open: (path: string) => openLog(path, variant),
  })),
  { name: "MemorySink", open: () => Promise.resolve(new MemorySink()) },
];

for (const { name, open } of SINKS) {
  Deno.test(`a 50 MB event: ${name} stores it and gives it back, and small ones beside it`, async () => {
    await withFolder(async (folder) => {
      const path = `${folder}/log`;
      const trial = new Trial();
      const text = "0123456789".repeat(5_000_000);
      const large = trial.event({ text });
      await using sink = await open(path);
      const stored = await within(
        "the appends",
        Promise.all([
          sink.append(trial.event()),
          sink.append(large),
          sink.append(trial.event()),
        ]),
      );
      assertEquals(stored.map(({ seq }) => seq), [1, 2, 3]);
      const [found] = await sink.query({ event_id: large.event_id });
      assert(found!.event.payload.text === text);
      const report = await verifyLog(sink);
      assertEquals([report.events, report.violations], [3, []]);
    });
  });
}

for (const variant of SOME) {
  Deno.test(`a 50 MB event: ${nameOf(variant)} refuses one over its limit by name, and stores its neighbours`, async () => {
    await withFolder(async (folder) => {
      const eventBytesMax = 1_000_000;
      await using sink = await openLog(`${folder}/log`, variant, {
        eventBytesMax,
      });
      const trial = new Trial();
      const large = trial.event({ text: "x".repeat(eventBytesMax) });
      const [, error] = await Promise.all([
        sink.append(trial.event()),
        assertRejects(() => sink.append(large), SinkError),
        sink.append(trial.event()),
      ]);
      assertTold(error, {
        codes: ["invalid_event"],
        says: /eventBytesMax is 1000000.*[Ss]tore large things elsewhere/,
      });
      assertEquals(error.event_id, large.event_id);
      assertEquals(await sink.count(), 2);
    });
  });

  Deno.test(`${TRACES_NAME}: ${nameOf(variant)} keeps every chain, in 64 MiB of heap`, async () => {
    await withFolder(async (folder) => {
      const { command, args } = programCommand(
        "../faults/many_traces_program.ts",
        [`${folder}/log`, JSON.stringify(variant), String(TRACES)],
      );
      const { code, stdout, stderr } = await new Deno.Command(command, {
        args: args.toSpliced(1, 0, "--v8-flags=--max-old-space-size=64"),
      }).output();
      const decoder = new TextDecoder();
      assertEquals(code, 0, decoder.decode(stderr));
      assertEquals(JSON.parse(decoder.decode(stdout)), {
        events: TRACES * 1.1,
        traces: TRACES,
        unlinked: 0,
        violations: 0,
      });
    });
  });
}
