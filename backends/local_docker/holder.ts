/**
 * What runs in a sandbox from its start: something that says what it sees, waits,
 * and ends the sandbox when its time is up or its owner is gone.
 *
 * Its input is a leash: the other end is held by the process that launched the
 * sandbox, over the engine, which closes it when that process ends, in whatever
 * way. It runs as a user that no program in the sandbox runs as, so that none can
 * stop it, nor the timer.
 */
import { insideScript } from "./inside.ts";

/** The user of the process that waits; programs run as another one. */
export const HOLDER_USER = "65533:65533";
/** Whom it runs as where programs were asked to run as that one. */
export const OTHER_HOLDER_USER = "65532:65532";

/** The holder of a sandbox without a command of its own. */
export function holderCommand(ttlMs: number, user: string): string[] {
  const script = `${insideScript(userName(user))}
exec sh -c '${wait(ttlMs)}'`;
  return ["sh", "-c", script];
}

/**
 * A command with the same two guards beside it. They run as the command's user,
 * who could end them: it is the sandbox's own main program.
 */
export function guardedCommand(
  command: readonly string[],
  ttlMs: number,
  user: string,
): string[] {
  const script = `exec 3<&0 </dev/null
command -v "$1" >/dev/null || { echo "there is no program $1"; exit 127; }
${insideScript(userName(user))}
{ while read -r zu_leash <&3; do :; done; kill -9 -1; } >/dev/null 2>&1 &
if command -v sleep >/dev/null; then
  { sleep ${seconds(ttlMs)}; kill -9 -1; } 3<&- >/dev/null 2>&1 &
fi
exec "$@" 3<&-`;
  return ["sh", "-c", script, "sh", ...command];
}

/** A script of its own, so that lists of processes show what goes on. */
function wait(ttlMs: number): string {
  return `if command -v sleep >/dev/null; then
  { sleep ${seconds(ttlMs)}; kill -9 $$; } </dev/null >/dev/null 2>&1 &
fi
while read -r zu_leash; do :; done`;
}

function seconds(ms: number): number {
  return Math.ceil(ms / 1000);
}

/** The part of `name`, `name:group`, `uid` or `uid:gid` that is a name. */
export function userName(user: string): string | undefined {
  const [name] = user.split(":");
  return name === undefined || /^\d*$/.test(name) ? undefined : name;
}
