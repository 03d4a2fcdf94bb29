# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Runs inside a guest that can keep quotas (quotas_case.sh): smbcquotas lists and sets the quotas of users, and writing
# beyond a limit is refused.
modprobe=/run/kc/modprobe
for module in loop quota_v2; do "$modprobe" "$module" || exit 1; done
WORK=/tmp/work
mkdir -p "$WORK"
export WORK
. "$root/tests/e2e/lib.sh"

# The file system that keeps them: ext4, user quotas enforced.
truncate -s 96M /tmp/image
mkfs.ext4 -q -O quota /tmp/image
mkdir -p /mnt/quotas
mount -o loop,usrquota /tmp/image /mnt/quotas
mkdir -m 1777 /mnt/quotas/data

# quota_of USER: its limits in blocks of 1024 octets, as the kernel says them (quotactl, Q_GETQUOTA).
quota_of() {
  python3 - "$(id -u "$1")" "$(findmnt -no SOURCE /mnt/quotas)" <<'END'
import ctypes, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
block = ctypes.create_string_buffer(72)
if libc.quotactl(0x80000700, sys.argv[2].encode(), int(sys.argv[1]), block):
    sys.exit(f"quotactl: errno {ctypes.get_errno()}")
hard, soft = struct.unpack_from("<QQ", block)
print(soft, hard)
END
}

port=445 # smbcquotas knows no other
config=$WORK/holdfast.toml
write_config "$config" "[[share]]
name = \"quotas\"
path = \"/mnt/quotas/data\"
identity = \"user\""
start_daemon "$config"
add_user boss 'correct horse 1' --admin --unix root
add_user anna 'correct horse 2' --unix daemon
uid=$(id -u daemon)
anna_sid=S-1-22-1-$uid

quotas() { # quotas USER ARGS...
  smbcquotas //127.0.0.1/quotas -n -A "$WORK/$1.login" -m SMB3 "${@:2}"
}
# has_quota USED SOFT HARD: what the administrator is shown of anna; used: at least that much.
has_quota() {
  local line used soft hard
  line=$(quotas boss -u "$anna_sid")
  echo "$line"
  IFS=':/ ' read -r _ used soft hard <<<"$line"
  if [ "$used" -lt "$1" ] || [ "$soft $hard" != "$2 $3" ]; then fail "expected $*: $line"; fi
}
none=18446744073709551615
head -c 3000000 /dev/urandom >"$WORK/three"

expect "Quotas Enabled: On" quotas boss -F
client anna quotas "put $WORK/three first"
echo "-- what she uses is listed"
quotas boss -L | tee "$WORK/list"
grep -q "^$anna_sid .* 3000320/$none/$none" "$WORK/list" || fail "anna is not in the list"
has_quota 3000000 "$none" "$none"
echo "-- a limit is set: whole blocks of the file system"
quotas boss -S "UQLIM:$anna_sid:4000000/5000000"
has_quota 3000000 4000768 5000192
[ "$(quota_of daemon)" = "3907 4883" ] || fail "the file system has not got the limits: $(quota_of daemon)"
echo "-- beyond it nothing is written, and the user is told; others write on"
expect NT_STATUS_DISK_FULL client anna quotas "put $WORK/three second"
client anna quotas "get first $WORK/back"
cmp "$WORK/three" "$WORK/back" || fail "what was there is damaged"
client boss quotas "put $WORK/three bosses"
used=$(IFS=':/ ' read -r _ used _ <<<"$(quotas boss -u "$anna_sid")"; echo "$used")
[ "$used" -le 5000192 ] || fail "$used octets are used of 5000192"
echo "-- users neither see nor change any through the quota file"
for ask in -L "-u $anna_sid" "-S UQLIM:$anna_sid:0/0"; do
  # shellcheck disable=SC2086  # options
  expect NT_STATUS_ACCESS_DENIED quotas anna $ask
done
has_quota 3000000 4000768 5000192
echo "-- room is given back with the file, and the limit is lifted"
client anna quotas "del second"
has_quota 3000000 4000768 5000192
quotas boss -S "UQLIM:$anna_sid:$none/$none"
has_quota 3000000 "$none" "$none"
client anna quotas "put $WORK/three second"
has_quota 6000000 "$none" "$none"
