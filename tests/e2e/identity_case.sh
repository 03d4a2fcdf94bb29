# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# As root, a share with identity "user" gives each user what their Unix account has, and no more; files belong to it.
# Removing a user ends the user's session.
. "$root/tests/e2e/lib.sh"
[ "$(id -u)" -eq 0 ] || skip "needs root to act as users"
write_config "$WORK/holdfast.toml" "$(printf '[[share]]\nname = "u"\npath = "%s"\nidentity = "user"\n' "$WORK/data"
  printf '[[share]]\nname = "seen"\npath = "%s"\nidentity = "user"\naccess_based_enumeration = true\n' "$WORK/data")"
echo secret >"$WORK/data/root.txt"
chmod 600 "$WORK/data/root.txt"
install -d -o nobody -m 0700 "$WORK/data/mine"
start_daemon "$WORK/holdfast.toml"
(umask 077 && printf 'correct horse 1\n' >"$WORK/password")
for user in nobody ghost; do
  printf 'username = %s\npassword = correct horse 1\n' "$user" >"$WORK/$user.login"
  admin user add "$user" --password-file "$WORK/password"
done
expect 'mine' client nobody u ls
# Access-based enumeration leaves out what the user may not read.
expect 'root.txt' client nobody u ls
expect 'mine' client nobody seen ls
! client nobody seen ls 2>&1 | grep -q root.txt || fail "an unreadable file is listed"
expect NT_STATUS_NO_SUCH_FILE client nobody seen 'ls root.txt'
client nobody u "cd mine; put $WORK/password up; mkdir d"
[ "$(stat -c %U "$WORK/data/mine/up" "$WORK/data/mine/d" | sort -u)" = nobody ] || fail "not nobody's files"
expect NT_STATUS_ACCESS_DENIED client nobody u "get root.txt $WORK/got"
[ ! -s "$WORK/got" ] || fail "nobody read root's file"
expect NT_STATUS_ACCESS_DENIED client nobody u "put $WORK/password up"
# A user without a Unix account cannot act as anybody.
refuses client ghost u ls
grep -q '"ghost" has no Unix account' "$WORK/daemon.log" || fail "the log does not say why"

mkfifo "$WORK/in"
has_session() { admin sessions | grep -q nobody; }
no_session() { ! has_session; }
smbclient //127.0.0.1/u -p "$port" -A "$WORK/nobody.login" -m SMB3 <"$WORK/in" >/dev/null 2>&1 &
other=$!
exec 5>"$WORK/in"
until_true 10 has_session
admin user remove nobody
until_true 10 no_session
exec 5>&-
wait "$other" || true
stop_daemon
