# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Users are added, listed, given a new password and removed over the admin socket while the daemon runs; each change
# counts at once for clients, and outlives a restart. No password is ever in the logs.
. "$root/tests/e2e/lib.sh"
write_config "$WORK/holdfast.toml"
echo hello >"$WORK/data/hello.txt"
start_daemon "$WORK/holdfast.toml"

add_user anna 'correct horse 1'
add_user ben 'correct horse 2'
expect anna admin user list
expect ben admin user list
expect '"anna"' admin user list --json
expect hello.txt client anna data ls
refuses admin user add anna --password-file "$WORK/anna.password"

printf 'username = anna\npassword = wrong\n' >"$WORK/wrong.login"
expect NT_STATUS_LOGON_FAILURE client wrong data ls

cp "$WORK/anna.login" "$WORK/old.login"
printf 'battery staple 3\n' >"$WORK/anna.password"
printf 'username = anna\npassword = battery staple 3\n' >"$WORK/anna.login"
admin user passwd anna --password-file "$WORK/anna.password"
expect hello.txt client anna data ls
expect NT_STATUS_LOGON_FAILURE client old data ls

admin user remove ben
expect NT_STATUS_LOGON_FAILURE client ben data ls
refuses admin user remove ben

stop_daemon
start_daemon "$WORK/holdfast.toml"
expect hello.txt client anna data ls
expect data admin share list
expect anna admin user list
admin user list | grep -q ben && fail "ben is still listed"
admin status
stop_daemon
# shellcheck disable=SC2016
for secret in 'correct horse' 'battery staple'; do
  ! grep -q "$secret" "$WORK/daemon.log" || fail "a password is in the log"
  ! grep -rqa "$secret" "$WORK/state" || fail "a password is in the state directory"
done
[ "$(find "$WORK/state" -type f -perm /077 | wc -l)" -eq 0 ] || fail "state others may read"
