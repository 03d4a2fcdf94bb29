# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# `holdfast upgrade`: another binary goes on in the same process with the same sockets. Clients that wait, that are in the
# middle of a frame or a listing, smbclient and 20 clients of holdfast-load, signed and encrypted, on both loops; what
# is wrong with a binary is said, and the old one goes on.
. "$root/tests/e2e/lib.sh"
pid_file_says() { [ "$(admin status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["pid"])')" = "$daemon" ]; }

refusals() {
  expect "cannot be started" admin upgrade "$WORK/not-there"
  expect "is no holdfastd" admin upgrade /bin/true
  printf '#!/bin/sh\necho holdfast-upgrade 0 0\n' >"$WORK/old"
  chmod 755 "$WORK/old"
  expect "is too old" admin upgrade "$WORK/old"
  # It answers well and cannot be executed then: everything has been held, and is let go.
  printf '#!/bin/sh\n[ "$1" = --check-upgrade ] || exit 1\necho holdfast-upgrade 1 1\nrm -f "$0"\n' >"$WORK/vanishes"
  chmod 755 "$WORK/vanishes"
  expect "The server goes on as it was" admin upgrade "$WORK/vanishes"
  cp "$WORK/holdfast.toml" "$WORK/good.toml"
  printf '\n[nonsense]\n' >>"$WORK/holdfast.toml"
  expect "nonsense" admin upgrade
  cp "$WORK/good.toml" "$WORK/holdfast.toml"
  client alice data 'ls'
}

for loop in $(loops_here); do
  rm -rf "$WORK/data" "$WORK/safe"
  mkdir -p "$WORK/safe"
  write_config "$WORK/holdfast.toml" "$(printf '[[share]]\nname = "safe"\npath = "%s"\nidentity = "service"\ncontinuous_availability = true\n\n[runtime]\nloop = "%s"\n' "$WORK/safe" "$loop")"
  start_daemon "$WORK/holdfast.toml"
  admin user list | grep -q alice || add_user alice 'correct horse 1'
  refusals
  "$root/tests/e2e/drivers/upgrade.py" "$holdfast" "$WORK/admin.sock" "$port" "$WORK/alice.password" "$WORK/data"
  "$root/tests/e2e/drivers/upgrade_load.py" "$HOLDFAST_BIN_DIR" "$WORK/admin.sock" "$port" "$WORK/alice.login" \
    "$WORK/alice.password" "$WORK/safe"
  pid_file_says || fail "another process serves"
  stop_daemon
done
skip_without_uring
