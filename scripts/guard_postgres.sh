#!/bin/sh
# Makes sure that nothing of a throw-away PostgreSQL server outlives whoever needs
# it: scripts/guard_postgres.sh FOLDER [AS...]
#
# Waits until its stdin ends, as it does when the process at the other end dies of
# whatever. Then kills what is at work in the folder and removes the folder. AS is
# the command that runs another one as the server's user: only that user and a root
# with every capability see where the server's processes are at work.
folder=$1
shift

# A server's processes are in sessions of their own, and children of nobody once
# their parent has been killed. What they keep is the folder they are at work in,
# which no other process comes to have, as it may come to have their number.
at_work() {
  "$@" find /proc -mindepth 2 -maxdepth 2 -name cwd \
    \( -lname "$folder" -o -lname "$folder/*" \) -printf '%h\n' 2>/dev/null |
    sed 's|^/proc/||'
}

cat >/dev/null
while pids=$(at_work "$@") && [ -n "$pids" ]; do
  # shellcheck disable=SC2086
  kill -KILL $pids 2>/dev/null
  sleep 0.02
done
# A server that was killed leaves the segment of shared memory that tells others
# that its folder is taken. Its id is the second word of the seventh line.
id=$(sed -n '7s/^ *[0-9]* *//p' "$folder/data/postmaster.pid" 2>/dev/null)
[ -z "$id" ] || "$@" ipcrm --shmem-id "$id" 2>/dev/null
rm -rf "$folder"
