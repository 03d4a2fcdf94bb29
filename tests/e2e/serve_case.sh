# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# `holdfast serve`: password from a file and from the environment and never from arguments, read-only, guests, a client
# that cannot encrypt is refused and told which option would admit it, old dialects, both loops, a clean end by Ctrl-C.
. "$root/tests/e2e/lib.sh"
mkdir "$WORK/files"
echo hello >"$WORK/files/hello.txt"
(umask 077 && printf 'correct horse 1\n' >"$WORK/password" &&
  printf 'username = anna\npassword = correct horse 1\n' >"$WORK/login" &&
  printf 'username = anna\npassword = wrong\n' >"$WORK/wrong")
port=$(free_port)
server=
trap '[ -z "$server" ] || end_process "$server" TERM || true' EXIT

# start OPTION...: a server on $port, its output in $WORK/log.
start() {
  set -m # else a script's background processes ignore SIGINT
  "$holdfast" --socket "$WORK/admin.sock" serve "$WORK/files" --listen 127.0.0.1 --port "$port" "$@" \
    >"$WORK/log" 2>&1 </dev/null &
  server=$!
  set +m
  wait_port "$port" "$server" 20 || { cat "$WORK/log"; fail "serve $* does not listen"; }
}
# stop SIGNAL: ends it, in order.
stop() {
  local status=0
  end_process "$server" "$1" || status=$?
  server=
  cat "$WORK/log"
  [ "$status" -eq 0 ] || fail "serve ended with status $status on SIG$1"
}
# reach LOGIN DIALECT COMMANDS: smbclient's.
reach() { smbclient "//127.0.0.1/files" -p "$port" -A "$WORK/$1" -m "$2" -c "$3"; }

for loop in auto epoll; do
  start --user anna --password-file "$WORK/password" --loop "$loop" --threads 2
  expect hello.txt reach login SMB3 ls
  expect NT_STATUS_LOGON_FAILURE reach wrong SMB3 ls
  reach login SMB3 "put $WORK/password up; del up"
  stop INT
  grep -q "smb://anna@127.0.0.1:$port/files" "$WORK/log" || fail "the address is not printed"
  grep -q 'wrong password for "anna"' "$WORK/log" || fail "the log does not say why"
  ! grep -q 'correct horse' "$WORK/log" || fail "the password is in the output"
done

HOLDFAST_PASSWORD='correct horse 1' start --user anna --read-only --name files
refuses reach login SMB3 "put $WORK/password up"
expect hello.txt reach login SMB2_02 ls
mkfifo "$WORK/in"
smbclient //127.0.0.1/files -p "$port" -A "$WORK/login" -m SMB3 <"$WORK/in" >/dev/null 2>&1 &
staying=$!
exec 5>"$WORK/in"
has_session() { "$holdfast" --socket "$WORK/admin.sock" sessions --json | grep -q '"user": "anna"'; }
until_true 10 has_session
expect 'SMB 3.1.1' "$holdfast" --socket "$WORK/admin.sock" sessions
exec 5>&-
wait "$staying" || true
"$holdfast" --socket "$WORK/admin.sock" stop
status=0
wait "$server" || status=$?
server=
[ "$status" -eq 0 ] || fail "serve ended with status $status on the admin socket's stop"

start --user anna --password-file "$WORK/password" --encrypt required
expect NT_STATUS_ACCESS_DENIED reach login SMB2_10 ls
expect hello.txt reach login SMB3_02 ls
stop TERM
grep -q -- '--encrypt desired would admit it' "$WORK/log" || fail "the log does not name the option"

start --guest
expect hello.txt smbclient //127.0.0.1/files -p "$port" -N -m SMB3 -c ls
stop INT

# What it refuses to start with.
refuses "$holdfast" serve "$WORK/none" --guest
refuses "$holdfast" serve "$WORK/files" --password secret
refuses "$holdfast" serve "$WORK/files" --port "$port" </dev/null
expect 'HOLDFAST_PASSWORD' "$holdfast" serve "$WORK/files" --port "$port"
