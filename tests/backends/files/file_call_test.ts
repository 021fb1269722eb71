import { assert, assertEquals } from "@std/assert";
import type {
  RunResult,
  SandboxProcess,
} from "../../../backends/run_result.ts";
import {
  type FilesRunner,
  SandboxFiles,
} from "../../../backends/sandbox_files.ts";
import { rejectsWith } from "../_rejects_with.ts";

const encoder = new TextEncoder();

/** What moves a terminal's cursor, or turns its text around. */
// deno-lint-ignore no-control-regex
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/;

/** A sandbox that answers whatever it likes. */
function answering(
  { stdout = "", stderr = "", ...rest }:
    & Partial<Omit<RunResult, "stdout" | "stderr">>
    & { stdout?: string | Uint8Array; stderr?: string },
): SandboxFiles {
  const result: RunResult = {
    outcome: "exited",
    exitCode: 0,
    signal: null,
    cleanup: "none",
    survivors: 0,
    durationMs: 1234.5,
    dropped: { stdout: 0, stderr: 0 },
    ...rest,
    stdout: Uint8Array.from(
      typeof stdout === "string" ? encoder.encode(stdout) : stdout,
    ),
    stderr: encoder.encode(stderr),
  };
  const process: SandboxProcess = {
    stdin: new WritableStream(),
    stdout: ReadableStream.from([result.stdout]),
    stderr: ReadableStream.from([result.stderr]),
    status: Promise.resolve(result),
    kill: () => Promise.resolve(result),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const runner: FilesRunner = {
    run: () => Promise.resolve(result),
    spawn: () => Promise.resolve(process),
  };
  return new SandboxFiles(runner);
}

Deno.test("SandboxFiles tells each way that a program can end", async () => {
  const cases = [
    [{ outcome: "timeout", exitCode: null }, "timeout", "after 1235 ms"],
    [{ outcome: "oom", exitCode: 137 }, "file_failed", "memory was full"],
    [{ outcome: "sandbox_gone", exitCode: null }, "sandbox_gone", "it is gone"],
    [{ outcome: "aborted", exitCode: null }, "file_failed", "from outside"],
    [{ exitCode: null }, "file_failed", "exit code null"],
    [{ exitCode: 1 }, "file_failed", "exit code 1"],
    [{ exitCode: 83 }, "file_too_large", "more than"],
    [{ exitCode: 127 }, "unsupported", 'no program "sh"'],
    [{ exitCode: 126, stderr: "no exec" }, "unsupported", "no exec"],
    [{ exitCode: 81, stderr: "stat\n" }, "unsupported", 'no program "stat"'],
  ] as const;
  for (const [result, code, words] of cases) {
    const files = answering(result);
    for (const call of [() => files.read("/a"), () => files.list("/a")]) {
      await rejectsWith(call(), code, words);
    }
  }
});

Deno.test("SandboxFiles goes by the end of what a program says, not by a name in it", async () => {
  const misleading = "cat: No such file or directory: Permission denied\n";
  await rejectsWith(
    answering({ exitCode: 1, stderr: misleading }).read("/a"),
    "file_failed",
  );
});

Deno.test("SandboxFiles quotes no more than a line of what the sandbox says", async () => {
  const stderr = `\u001b[2J${"x".repeat(100_000)}\r\n\u202eend\u0007\n`;
  for (const call of ["read", "stat", "list"] as const) {
    const files = answering({ exitCode: 1, stderr });
    const { message } = await rejectsWith(
      files[call]("/a\n\u001b[2J\u009b\u202e"),
      "file_failed",
    );
    assert(message.length < 800, `${message.length}`);
    assert(!CONTROLS.test(message), JSON.stringify(message));
    assert(message.endsWith("xx end"), message);
  }
});

Deno.test("SandboxFiles refuses answers that are no status", async () => {
  const good = "81a4 5 1700000000 0 0";
  assertEquals((await answering({ stdout: `${good}\n` }).stat("/a")).size, 5);
  for (
    const stdout of [
      "",
      good,
      "\n",
      "81a4 5 1700000000 0\n",
      `${good} 0\n`,
      "81a4 -5 1700000000 0 0\n",
      "81a4 9007199254740993 1700000000 0 0\n",
      "81a4 5 9999999999999999 0 0\n",
      "81a4 5 NaN 0 0\n",
      "zzzz 5 1 0 0\n",
      "123456789 5 1 0 0\n",
    ]
  ) {
    await rejectsWith(
      answering({ stdout }).stat("/a"),
      "file_failed",
      "status",
    );
  }
});

Deno.test("SandboxFiles refuses lists that are none, and names that lead elsewhere", async () => {
  const fields = "81a4 5 1700000000 0 0";
  const list = (stdout: string | Uint8Array) =>
    answering({ stdout }).list("/a");
  const names = async (stdout: string) =>
    (await list(stdout)).map(({ name }) => name);
  assertEquals(await names(""), []);
  assertEquals(await names(`/${fields} b\n/${fields} a \n\n`), ["a \n", "b"]);
  for (
    const stdout of [
      "x",
      "/",
      "/\n",
      `/${fields}\n`,
      `/${fields} \n`,
      `/${fields} .\n`,
      `/${fields} ..\n`,
      `/${fields} a/b\n`,
      `/${fields} ../../etc\n`,
      `/${fields} a`,
      `${fields} a\n`,
      `/${fields} a\0b\n`,
    ]
  ) await rejectsWith(list(stdout), "file_failed", "status");
});

Deno.test("SandboxFiles bounds what it takes of an answer", async () => {
  await rejectsWith(
    answering({ stdout: "x", dropped: { stdout: 1, stderr: 0 } }).stat("/a"),
    "file_too_large",
  );
  await rejectsWith(
    answering({ stdout: new Uint8Array(70_000) }).stat("/a"),
    "file_too_large",
  );
});
