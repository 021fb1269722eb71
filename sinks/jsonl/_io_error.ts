import { SinkError, type SinkErrorCode } from "../sink_error.ts";

const CODES: Record<string, SinkErrorCode> = {
  ENOSPC: "disk_full",
  EDQUOT: "disk_full",
  EROFS: "read_only",
  EACCES: "read_only",
  EPERM: "read_only",
  EISDIR: "not_a_log",
};

const HINTS: Partial<Record<SinkErrorCode, string>> = {
  disk_full: "Free some space and append again",
  read_only: "Grant read and write access to the log and its folder",
  not_a_log: "Name a file",
  io: "Look at the volume, then try again",
};
/** For a file or a folder that is not there. */
const HINT_ABSENT = "Name a folder that is there";

/**
 * What the system reports, as an error of the log's; an error that is one
 * already comes back as it is.
 *
 * @param what What was tried, such as `write to the log`.
 * @param path The file.
 * @param cause What the system threw.
 */
export function ioError(
  what: string,
  path: string,
  cause: unknown,
): SinkError {
  if (cause instanceof SinkError) return cause;
  const errno = (cause as { code?: string } | undefined)?.code ?? "";
  const denied = cause instanceof Deno.errors.PermissionDenied ||
    cause instanceof Deno.errors.NotCapable;
  const code = CODES[errno] ?? (denied ? "read_only" : "io");
  const found = cause instanceof Error ? cause.message : String(cause);
  const isAbsent = cause instanceof Deno.errors.NotFound;
  const hint = isAbsent ? HINT_ABSENT : HINTS[code];
  return new SinkError(
    code,
    `Cannot ${what} ${path}: ${found}${hint === undefined ? "" : `. ${hint}`}`,
    { cause },
  );
}
