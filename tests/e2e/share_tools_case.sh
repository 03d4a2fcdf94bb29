# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# `net rpc share` adds and deletes shares for administrators where the configuration allows it; what is refused changes
# nothing.
. "$root/tests/e2e/lib.sh"
command -v net >/dev/null || skip "no net (samba-common-bin)"
# net knows no other port.
[ "$(id -u)" -eq 0 ] || skip "port 445 is for root"
(exec 3<>/dev/tcp/127.0.0.1/445) 2>/dev/null && skip "port 445 is in use"
port=445
config=$WORK/holdfast.toml
write_config "$config"
start_daemon "$config"
# The new share acts as Unix users where the server runs as root.
add_user anna 'correct horse 1' --admin --unix "$(id -un)"
add_user bert 'correct horse 2' --unix "$(id -un)"
mkdir -p "$WORK/extra"

# share USER WORDS...: net rpc share as that user.
share() {
  local user=$1
  shift
  net rpc share "$@" -S 127.0.0.1 -A "$WORK/$user.login"
}
# no_share USER WORDS...: the same, which must be refused (net's statuses are Windows' error codes).
no_share() { ! share "$@" || fail "not refused: net rpc share $*"; }
has_extra() { share anna list | grep -qx 'extra *'; }

before=$(cat "$config")
no_share anna add "extra=C:$WORK/extra"
[ "$(cat "$config")" = "$before" ] || fail "the configuration was changed without leave"

sed -i 's/^\[security\]$/&\nremote_share_changes = true/' "$config"
grep -q remote_share_changes "$config" || printf '[security]\nremote_share_changes = true\n' >>"$config"
admin reload
before=$(cat "$config")
no_share bert add "extra=C:$WORK/extra"
no_share anna add "extra=C:$WORK/not-there"
[ "$(cat "$config")" = "$before" ] || fail "a refused change was written"
share anna add "extra=C:${WORK//\//\\}\\extra"
until_true 10 has_extra
client anna extra 'mkdir made'
[ -d "$WORK/extra/made" ] || fail "the new share is not that directory"
no_share anna add "extra=C:$WORK/extra"
no_share bert delete extra
share anna delete extra
gone() { ! has_extra; }
until_true 10 gone
[ "$(cat "$config")" = "$before" ] || fail "the configuration is not what it was"
