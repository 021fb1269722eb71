import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { BackendError } from "@zu/backends/backends";
import { verifyLog } from "@zu/backends/sinks";
import { type DemoLog, openDemoLog } from "../../../examples/demo/demo_log.ts";
import { runSandboxPart } from "../../../examples/demo/sandbox_part.ts";
import { printed } from "./_printed.ts";
import {
  POSTURE,
  recordEgressUse,
  recordUse,
  SANDBOX,
} from "./_sandbox_use.ts";

const LOG = { driver: "builtin", sink: undefined } as const;

const { signal } = new AbortController();

async function withLog(
  use: (demoLog: DemoLog) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await using demoLog = await openDemoLog(folder, LOG);
    await use(demoLog);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs the part on a use of a sandbox, and takes what it prints. */
async function run(
  demoLog: DemoLog,
  use: Parameters<typeof runSandboxPart>[2],
) {
  let part: Awaited<ReturnType<typeof runSandboxPart>> | undefined;
  const lines = await printed(async () => {
    part = await runSandboxPart(demoLog, signal, use);
  });
  return { ...part!, text: lines.join("\n") };
}

Deno.test("runSandboxPart records a sandbox in the log and its copy, and checks both", async () => {
  await withLog(async (demoLog) => {
    const part = await run(demoLog, recordUse);
    assertStringIncludes(part.text, "Sandbox, launched in 90 ms");
    assertEquals(part.checks.map(({ problem }) => problem), [
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    assertEquals(part.destinations.map(({ delivered }) => delivered), [6, 6]);
    const { log, copy, anchors, keys } = demoLog;
    for (const sink of [log, copy]) {
      const options = { key: keys.signKey, anchors };
      const { events, violations } = await verifyLog(sink, options);
      assertEquals([events, violations], [6, []]);
    }
  });
});

Deno.test("runSandboxPart records what was tried to be reached, and checks that, too", async () => {
  await withLog(async (demoLog) => {
    const part = await run(demoLog, recordEgressUse);
    assertStringIncludes(part.text, "Egress, to api.example.com:40123 alone");
    const problems = part.checks.map(({ problem }) => problem);
    assertEquals(problems, Array(5).fill(undefined));
    const type = "data.egress.attempted";
    for (const sink of [demoLog.log, demoLog.copy]) {
      assertEquals(await sink.count({ type }), 4);
    }
  });
});

Deno.test("runSandboxPart goes on where the machine has no engine, and says why", async () => {
  await withLog(async (demoLog) => {
    for (
      const code of [
        "engine_unavailable",
        "unsupported",
        "image_refused",
      ] as const
    ) {
      const part = await run(
        demoLog,
        () => Promise.reject(new BackendError(code, "nothing at /a")),
      );
      assertStringIncludes(
        part.text,
        `No sandbox was launched: ${code}: nothing at /a`,
      );
      assertEquals([part.checks, part.published], [[], []]);
    }
    assertEquals(await demoLog.log.count(), 0);
  });
});

Deno.test("runSandboxPart fails where there is an engine that does not do as it should", async () => {
  await withLog(async (demoLog) => {
    for (const code of ["start_failed", "network_refused"] as const) {
      const { checks } = await run(
        demoLog,
        () => Promise.reject(new BackendError(code, "no guard")),
      );
      const problems = checks.map(({ problem }) => problem);
      assertEquals(problems, [`${code}: no guard`]);
    }
  });
});

Deno.test("runSandboxPart fails where the engine goes away after the launch, and keeps the record", async () => {
  await withLog(async (demoLog) => {
    const { checks, published } = await run(demoLog, async (trace) => {
      await trace.launched(SANDBOX, POSTURE, 90);
      throw new BackendError("engine_unavailable", "it is gone");
    });
    assertEquals(published.length, 1);
    assertEquals(checks.map(({ problem }) => problem), [
      "engine_unavailable: it is gone",
      undefined,
      undefined,
    ]);
  });
});

Deno.test("runSandboxPart swallows neither an interrupt nor a fault of its own", async () => {
  await withLog(async (demoLog) => {
    const reason = new DOMException("Interrupted", "AbortError");
    for (const error of [reason, new TypeError("a fault")]) {
      const caught = await assertRejects(
        () => run(demoLog, () => Promise.reject(error)),
      );
      assertEquals(caught, error);
    }
    assertEquals(await demoLog.copy.count(), 0);
  });
});
