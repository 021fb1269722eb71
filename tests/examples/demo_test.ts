import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { SqliteSink, verifyLog } from "@zu/backends/sinks";
import { JsonlSink } from "@zu/backends/sinks/jsonl";
import { dockerTest } from "../docker/_engine.ts";
import {
  inFolder,
  namedFolder,
  outcomeOf,
  readKeys,
  run,
  SAMPLE,
  SAMPLE_EVENTS,
  start,
} from "./demo/_run_demo.ts";

Deno.test("demo replays, verifies and finds every edit", async () => {
  await inFolder(async (cwd) => {
    const { code, stdout, stderr } = await run(
      cwd,
      "--repeat=2",
      "--no-sandbox",
    );
    assertEquals([code, stderr], [0, ""], stdout);
    for (
      const part of [
        `${2 * SAMPLE_EVENTS} of ${2 * SAMPLE_EVENTS} events`,
        "events a second",
        "harness.detector.fired       84",
        "Storage: SQLite 3.",
        "column_mismatch",
        "unreadable_row",
        "broken_link",
        "cut_tail",
      ]
    ) assertStringIncludes(stdout, part);
    assertEquals(stdout.match(/^ {2}ok {2}/gm)?.length, 9);
    assert(!stdout.includes("FAILED"), stdout);
    assert(!stdout.includes("andbox"), stdout);

    const folder = namedFolder(cwd, stdout);
    const { codec, signKey: key } = await readKeys(folder);
    const options = { codec, readOnly: true };
    await using log = await SqliteSink.open(`${folder}/run.db`, options);
    await using copy = new JsonlSink(`${folder}/run.jsonl`);
    for (const sink of [log, copy]) {
      const { events, traces, violations } = await verifyLog(sink, { key });
      assertEquals([events, traces, violations], [2 * SAMPLE_EVENTS, 10, []]);
    }
    const edited = `${folder}/deleted-row.db`;
    await using less = await SqliteSink.open(edited, options);
    assertEquals(await less.count(), 2 * SAMPLE_EVENTS - 1);
  });
});

Deno.test("demo shows its keys to nobody else, and leaves no plain text in the log", async () => {
  await inFolder(async (cwd) => {
    const { code, stdout } = await run(
      cwd,
      "--driver=builtin",
      "--no-sandbox",
    );
    assertEquals(code, 0, stdout);
    assertStringIncludes(stdout, "driver builtin");
    const folder = namedFolder(cwd, stdout);
    if (Deno.build.os !== "windows") {
      const { mode } = await Deno.stat(`${folder}/keys.env`);
      assertEquals((mode ?? 0) & 0o777, 0o600);
    }
    const isIn = async (name: string) => {
      const bytes = await Deno.readFile(`${folder}/${name}`);
      return new TextDecoder("latin1").decode(bytes).includes("flat white");
    };
    assertEquals([await isIn("run.db"), await isIn("run.jsonl")], [
      false,
      true,
    ]);
  });
});

dockerTest(
  "demo launches a sandbox, and the log and its copy tell of it",
  async () => {
    await inFolder(async (cwd) => {
      const { code, stdout, stderr } = await run(cwd);
      assertEquals([code, stderr], [0, ""], stdout);
      for (
        const part of [
          "Sandbox, launched in ",
          "no capabilities, no new privileges, seccomp filter",
          '{"words":5,"characters":28}',
          "wait timed out after 500 ms",
          "no network but a proxy",
          '{"statuses":[200,403,403,400]}',
          " alone, a server of the demo's own",
          "GET 169.254.169.254:80       no       not_allowed",
          "Left: 0 of the calls' processes, 0 containers",
        ]
      ) assertStringIncludes(stdout, part);
      assertEquals(stdout.match(/^ {2}ok {2}/gm)?.length, 14);
      assert(!stdout.includes("FAILED"), stdout);

      const folder = namedFolder(cwd, stdout);
      const { codec, signKey: key } = await readKeys(folder);
      const options = { codec, readOnly: true };
      await using log = await SqliteSink.open(`${folder}/run.db`, options);
      await using copy = new JsonlSink(`${folder}/run.jsonl`);
      for (const sink of [log, copy]) {
        const { events, traces, violations } = await verifyLog(sink, { key });
        assertEquals([events, traces, violations], [SAMPLE_EVENTS + 12, 6, []]);
        const type = "data.egress.attempted";
        const attempts = await sink.query({ type });
        assertEquals(
          attempts.map(({ event: { payload } }) => [
            payload.host,
            payload.allowed,
            payload.reason,
          ]),
          [
            ["api.example.com", true, "closed"],
            ["other.example.com", false, "not_allowed"],
            ["169.254.169.254", false, "not_allowed"],
            [null, false, "malformed"],
          ],
        );
        const [called] = await sink.query({
          type: "harness.tool.called",
        }, { afterSeq: SAMPLE_EVENTS });
        assertEquals(called?.event.payload.tool, "word_count");
        const [observed] = await sink.query({
          parent_id: called!.event.event_id,
        });
        assertEquals(observed?.event.payload.observation, {
          words: 5,
          characters: 28,
          status: 200,
        });
      }
    });
  },
);

dockerTest(
  "demo where no socket can be made says so, and launches a sandbox without egress",
  async () => {
    await inFolder(async (cwd) => {
      const deep = `${cwd}/${"a".repeat(80)}`;
      await Deno.mkdir(deep);
      const { code, stdout, stderr } = await run(deep);
      assertEquals([code, stderr], [0, ""], stdout);
      for (
        const part of [
          "  No scoped egress: no socket can be made in ",
          "no network, read-only files",
          "Left: 0 of the calls' processes, 0 containers",
        ]
      ) assertStringIncludes(stdout, part);
      assertEquals(stdout.match(/^ {2}ok {2}/gm)?.length, 13);
      assert(!stdout.includes("FAILED"), stdout);
    });
  },
);

Deno.test("demo without an engine says in one line where it looked, and goes on", async () => {
  await inFolder(async (cwd) => {
    const env = { DOCKER_HOST: "unix:///nowhere/docker.sock" };
    const child = await start(cwd, [], env);
    const { code, stdout, stderr } = await outcomeOf(child);
    assertEquals([code, stderr], [0, ""], stdout);
    const [line] = stdout.match(/^No sandbox was launched: .*$/m) ?? [""];
    assertStringIncludes(line, "engine_unavailable: ");
    assertStringIncludes(line, "/nowhere/docker.sock");
    assertEquals(stdout.match(/^ {2}ok {2}/gm)?.length, 9);
    assert(!stdout.includes("FAILED"), stdout);
  });
});

Deno.test("demo runs twice in one folder, and takes what an earlier run left", async () => {
  await inFolder(async (cwd) => {
    const first = await run(cwd);
    const input = `${namedFolder(cwd, first.stdout)}/run.jsonl`;
    const second = await run(cwd, "--in", input);
    assertEquals([first.code, second.code], [0, 0], second.stdout);
    const runs = Array.fromAsync(Deno.readDir(`${cwd}/demo-out`));
    assertEquals((await runs).length, 2);
  });
});

Deno.test("demo names the line that is no event, and leaves nothing", async () => {
  await inFolder(async (cwd) => {
    const [line] = (await Deno.readTextFile(SAMPLE)).split("\n");
    await Deno.writeTextFile(`${cwd}/bad.jsonl`, `${line}\n{"event_id":1}\n`);
    const { code, stdout, stderr } = await run(cwd, "--in", "bad.jsonl");
    assertEquals([code, stdout], [1, ""]);
    assertStringIncludes(stderr, "bad.jsonl:2: this line is no event");
    const files = await Array.fromAsync(Deno.readDir(cwd));
    assertEquals(files.map(({ name }) => name), ["bad.jsonl"]);
  });
});

Deno.test("demo exits with 1 where the log refuses an event", async () => {
  await inFolder(async (cwd) => {
    const [line] = (await Deno.readTextFile(SAMPLE)).split("\n");
    const other = line!.replace("flat white", "espresso");
    await Deno.writeTextFile(`${cwd}/two.jsonl`, `${line}\n${other}\n`);
    const { code, stderr } = await run(cwd, "--in", "two.jsonl");
    assertEquals(code, 1);
    assertStringIncludes(stderr, "another event with this id");
  });
});

Deno.test("demo exits with 2 on a wrong flag or a folder it may not write to", async () => {
  await inFolder(async (cwd) => {
    const unknown = await run(cwd, "--bogus");
    assertEquals([unknown.code, unknown.stdout], [2, ""]);
    assertStringIncludes(unknown.stderr, "--bogus");
    const elsewhere = await run(cwd, "--out", "elsewhere");
    assertEquals([elsewhere.code, elsewhere.stdout], [2, ""]);
    assertStringIncludes(elsewhere.stderr, "--allow-write=elsewhere");
    assertEquals(await Array.fromAsync(Deno.readDir(cwd)), []);
  });
});

Deno.test("demo shows its usage and does nothing else on --help", async () => {
  await inFolder(async (cwd) => {
    const { code, stdout, stderr } = await run(cwd, "--help");
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, "--repeat N");
    assertEquals(await Array.fromAsync(Deno.readDir(cwd)), []);
  });
});

Deno.test({
  name: "demo closes its sinks on Ctrl-C, and what was stored verifies",
  // Windows has no signal that can be sent to one process.
  ignore: Deno.build.os === "windows",
  async fn() {
    await inFolder(async (cwd) => {
      const child = await start(cwd, ["--repeat", "100"]);
      let stdout = "";
      const lines = child.stdout.pipeThrough(new TextDecoderStream());
      const stderr = new Response(child.stderr).text();
      for await (const text of lines) {
        if (!stdout.includes(" 25 %") && text.includes(" 25 %")) {
          child.kill("SIGINT");
        }
        stdout += text;
      }
      assertEquals((await child.status).code, 130, stdout);
      assertStringIncludes(await stderr, "Interrupted");

      const folder = namedFolder(cwd, stdout);
      const { codec, signKey: key } = await readKeys(folder);
      const options = { codec, readOnly: true };
      await using log = await SqliteSink.open(`${folder}/run.db`, options);
      const { events, violations } = await verifyLog(log, { key });
      assertEquals(violations, []);
      await using copy = new JsonlSink(`${folder}/run.jsonl`);
      assertEquals(await copy.count(), events);
      assert(events >= 100 * SAMPLE_EVENTS / 4, `only ${events} events`);
    });
  },
});
