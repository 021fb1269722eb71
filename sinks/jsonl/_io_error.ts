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
  read_only: "Grant write access to the log's folder",
  not_a_log: "Name a file",
};

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
  const hint = HINTS[code];
  return new SinkError(
    code,
    `Cannot ${what} ${path}: ${found}${hint === undefined ? "" : `. ${hint}`}`,
    { cause },
  );
}
