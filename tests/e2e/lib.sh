# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# For the cases of tests/e2e. The runner sets root, HOLDFAST_BIN_DIR and WORK (an empty folder, removed afterwards).
set -Eeuo pipefail
. "$root/tools/dev/common.sh"
holdfast=$HOLDFAST_BIN_DIR/holdfast
holdfastd=$HOLDFAST_BIN_DIR/holdfastd

# shellcheck disable=SC2329  # called by trap
on_error() { printf 'line %s: failed: %s\n' "$1" "$2" >&2; }
trap 'on_error "$LINENO" "$BASH_COMMAND"' ERR

skip() { printf '%s\n' "$*"; exit 77; }
fail() { printf 'FAIL: %s\n' "$*" >&2; exit 1; }

# expect TEXT COMMAND...: the output (both streams) of the command, whatever its status, has that text.
expect() {
  local text=$1 output
  shift
  output=$("$@" 2>&1) || true
  printf '$ %s\n%s\n' "$*" "$output"
  [[ $output == *"$text"* ]] || fail "no '$text' in the output of: $*"
}

# refuses COMMAND...: the command ends with a status that is not 0, and not by a signal.
refuses() {
  local status=0
  "$@" >/dev/null 2>&1 || status=$?
  [ "$status" -ne 0 ] && [ "$status" -lt 126 ] || fail "status $status, expected a refusal: $*"
}

# until_true SECONDS COMMAND...: tries it again until it succeeds.
until_true() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || fail "not within the time: $*"
    sleep 0.1
  done
}

# write_config FILE [EXTRA]: a configuration of one share in $WORK/data on a free port of the loopback ($port), state
# and admin socket in $WORK; EXTRA is appended. The only place that knows the schema.
write_config() {
  port=${port:-$(free_port)}
  mkdir -p "$WORK/data" "$WORK/state"
  cat >"$1" <<END
[server]
state_dir = "$WORK/state"
run_dir = "$WORK"
admin_socket = "$WORK/admin.sock"

[[listen]]
address = "127.0.0.1"
port = $port

[[share]]
name = "data"
path = "$WORK/data"
identity = "service"
END
  [ $# -lt 2 ] || printf '\n%s\n' "$2" >>"$1"
}

# admin COMMAND...: the command line against the daemon of start_daemon.
admin() { "$holdfast" --socket "$WORK/admin.sock" "$@"; }

# start_daemon CONFIG: starts holdfastd ($daemon is its process) and waits until it listens on $port.
start_daemon() {
  "$holdfastd" --config "$1" >"$WORK/daemon.log" 2>&1 &
  daemon=$!
  trap stop_daemon EXIT
  wait_port "$port" "$daemon" 20 || { cat "$WORK/daemon.log"; fail "holdfastd does not listen"; }
}

# stop_daemon: ends it by SIGTERM; it must end cleanly.
stop_daemon() {
  local status=0
  [ -n "${daemon:-}" ] || return 0
  end_process "$daemon" TERM || status=$?
  daemon=
  [ "$status" -eq 0 ] || { tail -n 30 "$WORK/daemon.log"; fail "holdfastd ended with status $status"; }
}

# add_user NAME PASSWORD [OPTION...]: through the admin socket; the password goes by file, and so does smbclient's ($WORK/NAME.login).
add_user() {
  (umask 077 && printf '%s\n' "$2" >"$WORK/$1.password" &&
    printf 'username = %s\npassword = %s\n' "$1" "$2" >"$WORK/$1.login")
  admin user add "$1" --password-file "$WORK/$1.password" "${@:3}"
}

# client USER SHARE COMMANDS: smbclient's commands as that user.
client() { smbclient "//127.0.0.1/$2" -p "$port" -A "$WORK/$1.login" -m SMB3 -c "$3"; }

# kernel_has_uring: whether processes may use io_uring here (a system call without parameters gets EFAULT then).
kernel_has_uring() {
  python3 -c 'import ctypes; c = ctypes.CDLL(None, use_errno=True); c.syscall(425, 1, None)
raise SystemExit(ctypes.get_errno() != 14)'
}

# loops_here: the loops to test, one a line; say so with skip_without_uring at the end of the case.
loops_here() {
  echo epoll
  if kernel_has_uring; then echo uring; fi
}
skip_without_uring() { kernel_has_uring || skip "this kernel forbids io_uring; epoll passed"; }
