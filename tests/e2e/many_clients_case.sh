# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# 20 smbclients at once, on each loop: each copies a tree and a large file up and down again and compares. Prints the
# wall time of each loop.
. "$root/tests/e2e/lib.sh"
clients=20
port=$(free_port)
server=
copiers=()
finish() {
  local pid
  for pid in "${copiers[@]}"; do kill "$pid" 2>/dev/null || true; done
  [ -z "$server" ] || end_process "$server" TERM || true
}
trap finish EXIT
(umask 077 && printf 'correct horse 1\n' >"$WORK/password" &&
  printf 'username = anna\npassword = correct horse 1\n' >"$WORK/login")
mkdir "$WORK/data" "$WORK/tree" "$WORK/tree/deep"
for i in $(seq 40); do head -c $((i * 1117)) /dev/urandom >"$WORK/tree/deep/file $i"; done
head -c $((8 << 20)) /dev/urandom >"$WORK/tree/large"
: >"$WORK/tree/empty"

# copy N: up, down, compare; large and small files at the same time as everybody else's.
copy() {
  local home=$WORK/home$1
  mkdir "$home"
  (cd "$WORK/tree" && smbclient //127.0.0.1/data -p "$port" -A "$WORK/login" -m SMB3 \
    -c "mkdir d$1; cd d$1; prompt; recurse; mput *") >"$home.log" 2>&1 || return 1
  (cd "$home" && smbclient //127.0.0.1/data -p "$port" -A "$WORK/login" -m SMB3 \
    -c "cd d$1; prompt; recurse; mget *") >>"$home.log" 2>&1 || return 1
  ! grep NT_STATUS "$home.log" && diff -r "$WORK/tree" "$home" && diff -r "$WORK/tree" "$WORK/data/d$1"
}

for loop in $(loops_here); do
  "$holdfast" --socket "$WORK/admin.sock" serve "$WORK/data" --listen 127.0.0.1 --port "$port" --name data \
    --user anna --password-file "$WORK/password" --loop "$loop" --log-level warning >"$WORK/log" 2>&1 </dev/null &
  server=$!
  wait_port "$port" "$server" 20 || { cat "$WORK/log"; fail "serve --loop $loop does not listen"; }
  kind=$("$holdfast" --socket "$WORK/admin.sock" status --json | sed -n 's/^ *"loop": "\(.*\)",$/\1/p')
  started=$EPOCHREALTIME
  copiers=()
  for i in $(seq "$clients"); do
    copy "$i" &
    copiers+=($!)
  done
  failed=0
  for i in $(seq "$clients"); do
    wait "${copiers[i - 1]}" || { failed=$((failed + 1)); tail -n 5 "$WORK/home$i.log"; }
  done
  took=$(((${EPOCHREALTIME/./} - ${started/./}) / 1000))
  copiers=()
  busy=$(awk -v hertz="$(getconf CLK_TCK)" '{ print ($14 + $15) * 1000 / hertz }' "/proc/$server/stat")
  printf '%s: %d clients, %s up and down each, %d ms; the server took %d ms of processor time\n' \
    "$kind" "$clients" "$(du -sh "$WORK/tree" | cut -f1)" "$took" "$busy"
  [ "$failed" -eq 0 ] || fail "$failed of $clients clients failed"
  stopped=$server server=
  end_process "$stopped" TERM || fail "serve did not end in order"
  cat "$WORK/log"
  rm -rf "$WORK"/home* "$WORK"/data/*
done
skip_without_uring
