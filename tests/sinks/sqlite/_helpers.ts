import { assertEquals, AssertionError, assertRejects } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import {
  type ChainViolation,
  type PayloadCodec,
  SinkError,
  type SinkErrorCode,
  SqliteSink,
  type SqliteSinkOptions,
  verifyLog,
} from "../../../sinks/mod.ts";
import { AesGcmCodec } from "../../../codec/mod.ts";
import { numbers } from "../_numbered_events.ts";

export * from "../_numbered_events.ts";

/** Both drivers, for tests of what each of them has to do. */
export const DRIVERS = ["ffi", "builtin"] as const;

/** How long a test waits for what must come, before it fails. */
const PATIENCE_MS = 20_000;

/** A key for tests. */
export const KEY: Uint8Array = new Uint8Array(32).fill(7);

/** Plain and encrypted, for tests of what holds with both. */
export const CODECS: Record<string, { codec?: PayloadCodec }> = {
  "plain": {},
  "AES-256-GCM": { codec: new AesGcmCodec(KEY) },
};

/** The numbers from 1 to n. */
export function upTo(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i + 1);
}

/** Runs a test with a folder of its own, and removes it. */
export async function withFolder(
  test: (log: string, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    await test(`${folder}/log.db`, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs a test with an open log of its own, which is closed at the end. */
export async function withSink(
  options: SqliteSinkOptions,
  test: (sink: SqliteSink, log: string, folder: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (log, folder) => {
    await using sink = await SqliteSink.open(log, options);
    await test(sink, log, folder);
  });
}

/** The names in a folder, sorted. */
export function names(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
}

/** Does something to a file behind the sink's back. */
export function withRaw<Result>(
  path: string,
  work: (db: DatabaseSync) => Result,
): Result {
  const db = new DatabaseSync(path);
  try {
    return work(db);
  } finally {
    db.close();
  }
}

/** Asserts that a promise rejects with a SinkError of this code. */
export async function rejectsWith(
  promise: Promise<unknown>,
  code: SinkErrorCode,
  includes?: string,
): Promise<SinkError> {
  const error = await assertRejects(() => promise, SinkError, includes);
  assertEquals(error.code, code, error.message);
  return error;
}

/** Waits for what must come; without it the test fails rather than hangs. */
export async function soon<T>(what: string, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new AssertionError(`waited in vain for ${what}`)),
    PATIENCE_MS,
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asserts that the log holds these events in this order, rightly chained. */
export async function assertHolds(
  sink: SqliteSink,
  expected: readonly number[],
): Promise<void> {
  assertEquals(numbers(await sink.query()), [...expected]);
  const report = await verifyLog(sink);
  assertEquals(report.violations, []);
  assertEquals([report.events, report.unlinked], [expected.length, 0]);
}

/** A violation, as far as tests compare it. */
export function brief(
  { code, seq, field }: ChainViolation,
): (string | number | undefined)[] {
  return [code, seq, field];
}

/** What a process of its own says at its end. */
export interface ProgramResult {
  readonly acknowledged?: number[];
  readonly driver?: string;
  readonly code?: SinkErrorCode;
  readonly message?: string;
}

/** A process that appends. */
export interface Elsewhere {
  /** Resolves when it has opened the log, or could not. */
  readonly ready: Promise<void>;
  /** Has it begin, and resolves with what became of it. */
  append(): Promise<ProgramResult>;
}

/** Starts appending_program.ts; it has the given permissions, and cannot prompt. */
export function startElsewhere(
  args: readonly (string | number)[],
  permissions: readonly string[] = ["-RWE", "--allow-ffi"],
  env: Record<string, string> = {},
): Elsewhere {
  const at = (path: string) => new URL(path, import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--no-lock",
      "--cached-only",
      `--config=${at("../../../deno.json")}`,
      ...permissions,
      at("./appending_program.ts"),
      ...args.map(String),
    ],
    env,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const ready = Promise.withResolvers<void>();
  let said = "";
  const stdout = (async () => {
    for await (
      const text of child.stdout.pipeThrough(new TextDecoderStream())
    ) {
      said += text;
      ready.resolve();
    }
    ready.resolve();
  })();
  const stderr = new Response(child.stderr).text();
  return {
    ready: ready.promise,
    async append() {
      await child.stdin.close();
      await stdout;
      const { code } = await child.status;
      assertEquals(code, 0, await stderr);
      return JSON.parse(said.replace(/^ready\n/, ""));
    },
  };
}

/** Has several processes append at once. */
export async function raceElsewhere(
  programs: readonly (readonly (string | number)[])[],
): Promise<ProgramResult[]> {
  const children = programs.map((args) => startElsewhere(args));
  await Promise.all(children.map(({ ready }) => ready));
  return await Promise.all(children.map((child) => child.append()));
}

/** Has one process append. */
export async function appendElsewhere(
  args: readonly (string | number)[],
  permissions?: readonly string[],
  env?: Record<string, string>,
): Promise<ProgramResult> {
  return await startElsewhere(args, permissions, env).append();
}
