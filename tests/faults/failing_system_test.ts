// The system itself fails: strace makes calls of a process return what a broken
// disk makes them return.
import { assertEquals } from "@std/assert";
import { SinkError } from "../../sinks/mod.ts";
import { IS_LONG, nameOf, openLog, SOME, withFolder } from "./_logs.ts";
import { liveThrough, type Plan } from "./_program.ts";
import { NO_STRACE, unless } from "./_root.ts";
import { assertTold } from "./_trial.ts";

/** A call that fails, and how that has to be told. */
interface Failure {
  readonly name: string;
  /** Which files' calls. */
  readonly of: "log" | "wal";
  readonly calls: string;
  readonly error: string;
  /** Which of them, as strace counts in each thread: first+step. */
  readonly when: string;
  readonly codes: readonly string[];
  readonly says: RegExp;
  readonly plan?: Partial<Plan>;
  /** Whether nobody needs to be told, since nothing was refused. */
  readonly isSilent?: boolean;
  /** Whether it is tried in the long form alone. */
  readonly isLong?: boolean;
}

const IO = { codes: ["io"], says: /[Ll]ook at the volume, then try again/ };
const WRITE = { of: "wal", calls: "pwrite64", when: "9+151" } as const;

const SQLITE: readonly Failure[] = [
  { name: "EIO on the n-th write", ...WRITE, error: "EIO", ...IO },
  {
    name: "EIO on the n-th fsync",
    of: "wal",
    calls: "fdatasync,fsync",
    error: "EIO",
    when: "4+5",
    ...IO,
  },
  {
    name: "disk full on the n-th write",
    ...WRITE,
    error: "ENOSPC",
    codes: ["disk_full"],
    says: /free some space/,
    isLong: true,
  },
  // SQLite does not tell this one from other failures of a write.
  {
    name: "read-only file from the n-th write on",
    ...WRITE,
    error: "EROFS",
    ...IO,
    isLong: true,
  },
  {
    name: "EIO on the n-th write of a checkpoint",
    of: "log",
    calls: "pwrite64",
    error: "EIO",
    when: "3+3",
    ...IO,
    isSilent: true,
    isLong: true,
  },
  {
    name: "EIO on open",
    of: "wal",
    calls: "openat,open",
    error: "EIO",
    when: "1+1",
    codes: ["io"],
    says: /check its path and permissions/,
    plan: { attemptsMax: 0 },
  },
];

const JSONL: readonly Failure[] = [
  {
    name: "EIO on the n-th write",
    of: "log",
    calls: "write",
    error: "EIO",
    when: "3+5",
    ...IO,
  },
];

/** The path that a failure is of. */
function pathOf({ of }: Failure, log: string): string {
  return of === "wal" ? `${log}-wal` : log;
}

for (const variant of SOME) {
  for (const failure of variant.kind === "sqlite" ? SQLITE : JSONL) {
    if (failure.isLong && !IS_LONG) continue;
    const { name, calls, error, when, plan = {} } = failure;
    Deno.test({
      ...unless(
        NO_STRACE,
        `${name}: ${nameOf(variant)} says what failed, and loses nothing`,
      ),
      fn: () =>
        withFolder(async (folder) => {
          const log = `${folder}/log`;
          // It is there already, so that it is appending that fails.
          await (await openLog(log, variant)).close();
          const told = await liveThrough(log, variant, [
            ...["strace", "-f", "-qq", "-o", "/dev/null"],
            ...["-P", pathOf(failure, log), "-e", `trace=${calls}`],
            ...["-e", `inject=${calls}:error=${error}:when=${when}`],
          ], plan);
          assertEquals(told.length > 0, !failure.isSilent);
          for (const { code, message } of told) {
            assertTold(new SinkError(code as "io", message), failure);
          }
        }),
    });
  }
}
