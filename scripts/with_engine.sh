#!/usr/bin/env bash
# Runs a command with a Docker Engine to use: scripts/with_engine.sh COMMAND...
#
# Where nobody listens on /var/run/docker.sock, starts dockerd, as root, with or
# without systemd, and ends it with its containerd when the command has ended. One
# that was running is left alone. Prints nothing behind what the command prints.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

# Another place for an engine's files, with what dockerd has to be told for that.
run=${ENGINE_RUN:-/var/run}
read -ra args <<<"${ENGINE_ARGS:-}"
socket=$run/docker.sock
timeout_s=${ENGINE_TIMEOUT_S:-60}
engine='' engine_log=''

# Asks for an engine: 0 if it answers, 1 if nobody listens, 2 if somebody does who
# is not ready or may not be asked.
ask() {
  node -e '
    const { get } = require("node:http");
    const [socketPath] = process.argv.slice(1);
    get({ socketPath, path: "/_ping", timeout: 5000 }, ({ statusCode }) => {
      process.exit(statusCode === 200 ? 0 : 2);
    }).on("timeout", () => process.exit(2)).on("error", ({ code }) => {
      process.exit(code === "ENOENT" || code === "ECONNREFUSED" ? 1 : 2);
    });
  ' "$socket"
}

# Whether a file names a process that runs a program. A process of that number is
# not enough: it may be another one by now, or dead, with nobody to wait for it.
names() {
  local pid
  pid=$(cat "$1" 2>/dev/null) &&
    [[ $(readlink "/proc/$pid/exe") =~ /"$2"( \(deleted\))?$ ]]
}

# Removes what an engine that was killed has left: it keeps the next from starting.
remove_stale() {
  local containerd_pid=$run/docker/containerd/containerd.pid
  names "$run/docker.pid" dockerd || rm -f "$run/docker.pid" "$socket"
  names "$containerd_pid" containerd || rm -f "$containerd_pid"
}

start() {
  command -v dockerd >/dev/null || give_up "there is no dockerd; install docker.io"
  engine_log=$(mktemp)
  # In a session of its own: Ctrl-C ends the command, and then this script the engine.
  setsid dockerd "${args[@]}" >"$engine_log" 2>&1 </dev/null &
  engine=$!
  disown
}

is_running() { [[ -n $engine ]] && kill -0 "$engine" 2>/dev/null; }

stop() {
  local deadline=$((SECONDS + 30))
  is_running && kill "$engine"
  while is_running; do
    ((SECONDS < deadline)) || kill -KILL "$engine"
    sleep 0.1
  done 2>/dev/null
  rm -f "$engine_log"
}

give_up() {
  echo "with_engine: $*" >&2
  [[ -z $engine_log ]] || cat "$engine_log" >&2
  exit 1
}

wait_for_answer() {
  local deadline=$((SECONDS + timeout_s))
  until ask; do
    # Where somebody else has started one at the same time, only one stays.
    [[ -z $engine ]] || is_running || names "$run/docker.pid" dockerd ||
      give_up "dockerd has ended before it answered; it said:"
    ((SECONDS < deadline)) ||
      give_up "no engine answers on $socket within $timeout_s s"
    sleep 0.2
  done
}

command -v node >/dev/null || give_up "there is no node; install nodejs"
there=0
ask || there=$?
if ((there == 1)); then
  remove_stale
  trap 'set +e; stop' EXIT
  names "$run/docker.pid" dockerd || start
fi
((there == 0)) || wait_for_answer
"$@"
