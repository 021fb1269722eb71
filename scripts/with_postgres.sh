#!/usr/bin/env bash
# Runs a command with a PostgreSQL server to use: scripts/with_postgres.sh COMMAND...
#
# The server listens on 127.0.0.1 and on a socket in a temporary folder, which has
# its data, too; ZU_POSTGRES_URL tells the command where. When the command has ended,
# or this script in whatever way, the server is killed and the folder removed. Started
# by root, whom the server refuses, it runs as the user postgres. Prints nothing behind
# what the command prints.
#
# ZU_POSTGRES_TEMPLATE is a data folder that no server has had yet: a copy of it is a
# new server's, made in a tenth of the time that initdb takes.
set -euo pipefail
guard_script=$(dirname "${BASH_SOURCE[0]}")/guard_postgres.sh

# Where the server's programs are, if not where Debian has them.
bin=${ZU_POSTGRES_BIN:-}
timeout_s=${POSTGRES_TIMEOUT_S:-60}
attempts=5
as=() folder='' server=''

give_up() {
  echo "with_postgres: $*" >&2
  [[ ! -s $folder/log ]] || cat "$folder/log" >&2
  exit 1
}

find_programs() {
  local found
  if [[ -z $bin ]]; then
    found=$(printf '%s\n' /usr/lib/postgresql/*/bin/postgres | sort -V | tail -n 1)
    [[ -x $found ]] || found=$(command -v postgres) ||
      give_up "there is no postgres; install postgresql"
    bin=$(dirname "$found")
  fi
  [[ -x $bin/postgres ]] || give_up "there is no postgres in $bin"
}

find_user() {
  ((EUID == 0)) || return 0
  id postgres &>/dev/null ||
    give_up "a server does not run as root, and there is no user postgres"
  as=(setpriv --reuid=postgres --regid=postgres --init-groups)
}

# Ends the server and removes its folder, by ending the stdin of its guard. Where this
# script ends by a signal, bash does not know its children any more, nor waits for them.
stop() {
  exec 9>&-
  while [[ -e $folder ]] && kill -0 "$guard" 2>/dev/null; do sleep 0.02; done
}

start() {
  # Below the ports that the system gives to connections, so that none has it.
  port=$((RANDOM % 10000 + 20000))
  # In a session of its own: Ctrl-C ends the command, and then this script the server.
  (
    cd "$folder"
    exec setsid "${as[@]}" "$bin/postgres" -D "$folder/data" -p "$port" \
      -c listen_addresses=127.0.0.1 -c unix_socket_directories="$folder" \
      -c shared_buffers=32MB -c max_connections=200 \
      -c dynamic_shared_memory_type=mmap
  ) >"$folder/log" 2>&1 </dev/null 9>&- &
  server=$!
  disown
}

# Asks at the socket, which is this server's own, and which it opens after its port.
answers() { "$bin/pg_isready" --quiet --host="$folder" --port="$port" 9>&-; }

# Waits for an answer; fails if the server has ended.
wait_for_answer() {
  local deadline=$((SECONDS + timeout_s))
  until answers; do
    kill -0 "$server" 2>/dev/null || return 1
    ((SECONDS < deadline)) ||
      give_up "the server does not answer within $timeout_s s; it said:"
    sleep 0.05
  done
}

find_programs
find_user
folder=$("${as[@]}" mktemp -d "${TMPDIR:-/tmp}/zu_postgres_XXXXXX")
exec 9> >(exec setsid sh "$guard_script" "$folder" "${as[@]}" >/dev/null)
guard=$!
trap 'set +e; stop' EXIT
(
  cd "$folder" &&
    "${as[@]}" "$bin/initdb" --auth=trust --no-sync -E UTF8 --locale=C -U postgres \
      -D "$folder/template" >"$folder/log" 2>&1 9>&- &&
    cp -a "$folder/template" "$folder/data"
) || give_up "cannot make a data folder; initdb said:"
start
until wait_for_answer; do
  grep --quiet 'could not create any TCP/IP sockets' "$folder/log" &&
    ((attempts-- > 1)) || give_up "the server has ended before it answered; it said:"
  start
done
export ZU_POSTGRES_URL="postgres://postgres@127.0.0.1:$port/postgres"
export ZU_POSTGRES_TEMPLATE=$folder/template
"$@" 9>&-
