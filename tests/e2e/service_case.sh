# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The package's systemd service, under systemd in a container: starts when told, serves on port 445 as the user who
# connected, inside its sandbox; reload keeps it running; stop and removal are clean.
. "$root/tests/e2e/lib.sh"
. "$root/tools/dev/chroot.sh"
[ "$(id -u)" -eq 0 ] || skip "needs root for a container"
need package

deb=$("$root/dev" package | tail -n 1)
system=
finish() {
  chroot_halt
  chroot_remove "$system"
}
trap finish EXIT
trap 'exit 130' INT TERM
system=$(chroot_make)
cp "$deb" "$system/holdfast.deb"
chroot_run "$system" -- sh -c 'apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y install \
  --no-install-recommends systemd dbus smbclient /holdfast.deb'
chroot_boot "$system" "$WORK/boot.log" || {
  tail -n 30 "$WORK/boot.log"
  skip "systemd does not boot in a container here"
}

inside() { chroot_enter "$@"; }
explain() { inside journalctl --no-pager -u holdfastd | tail -n 60; }
inside sh -c '! systemctl is-enabled holdfastd && ! systemctl is-active holdfastd'

inside useradd --create-home anna
inside install -d -o anna -m 0700 /srv/anna
printf '\n[[share]]\nname = "anna"\npath = "/srv/anna"\nidentity = "user"\n' >>"$system/etc/holdfast/holdfast.toml"
inside systemctl enable --now holdfastd || { explain; fail "the service does not start"; }
[ "$(inside systemctl is-active holdfastd)" = active ] || { explain; fail "not active"; }

(umask 077 && printf 'correct horse 1\n' >"$system/root/password" &&
  printf 'username = anna\npassword = correct horse 1\n' >"$system/root/login")
inside holdfast user add anna --password-file /root/password
inside holdfast user list
echo hello >"$system/root/hello.txt"
inside sh -c 'cd /root && smbclient //127.0.0.1/anna -A login -m SMB3 -c "put hello.txt; mkdir d; ls"' ||
  { explain; fail "the client could not write"; }
[ "$(inside stat -c %U /srv/anna/hello.txt)" = anna ] || fail "the file is not anna's"
[ "$(cat "$system/srv/anna/hello.txt")" = hello ] || fail "the file's content differs"

main=$(inside systemctl show -P MainPID holdfastd)
inside install -d -m 1777 /srv/second
printf '\n[[share]]\nname = "second"\npath = "/srv/second"\nidentity = "user"\ncontinuous_availability = true\n' >>"$system/etc/holdfast/holdfast.toml"
inside systemctl reload holdfastd || { explain; fail "reload failed"; }
inside smbclient //127.0.0.1/second -A /root/login -m SMB3 -c ls || { explain; fail "no share after reload"; }
[ "$(inside systemctl show -P MainPID holdfastd)" = "$main" ] || fail "reload replaced the process"

# systemd keeps the connection of a client while it writes, and not when it rests or has gone.
kept() { [ "$(inside systemctl show -P NFileDescriptorStore holdfastd)" -eq "$1" ]; }
listening=$(inside systemctl show -P NFileDescriptorStore holdfastd)
mkfifo "$system/root/orders"
inside sh -c 'cd /root && smbclient //127.0.0.1/second -A login -m SMB3 -c "put hello.txt; put hello.txt again"'
until_true 20 kept "$listening" || { explain; fail "the connection of a client that has gone is kept"; }
inside sh -c 'cd /root && smbclient //127.0.0.1/second -A login -m SMB3 </root/orders' &
client=$!
exec 8>"$system/root/orders"
echo 'put hello.txt third' >&8
until_true 20 kept $((listening + 1)) || { explain; fail "the connection of a client that writes is not kept"; }
until_true 20 kept "$listening" || { explain; fail "the connection of a client that rests is kept"; }
echo 'put hello.txt fourth' >&8
until_true 20 kept $((listening + 1)) || { explain; fail "the connection of a client that writes again is not kept"; }

# A crash is followed by a new process, which still knows its users. Whoever connects meanwhile waits for it in the
# listening socket, and is not refused.
inside install -d /etc/systemd/system/holdfastd.service.d
printf '[Service]\nRestartSec=3s\n' >"$system/etc/systemd/system/holdfastd.service.d/slow.conf"
inside systemctl daemon-reload
inside systemctl kill --signal=KILL holdfastd
gone() { [ "$(inside systemctl show -P SubState holdfastd)" = auto-restart ]; }
until_true 20 gone
inside smbclient //127.0.0.1/anna -A /root/login -m SMB3 -c ls ||
  { explain; fail "a client that came while no server ran was not served by the next one"; }
[ "$(inside systemctl show -P MainPID holdfastd)" != "$main" ] || fail "the same process after a kill"
ended() { inside journalctl --no-pager -u holdfastd | grep -q 'Ended 1 connection of the earlier instance in order'; }
until_true 20 ended || { explain; fail "the connection that was kept was not ended in order"; }
exec 8>&-
wait "$client" || true # it is no client that comes back

inside systemctl stop holdfastd
[ "$(inside systemctl show -P Result holdfastd)" = success ] || { explain; fail "stop was not clean"; }
inside sh -c 'DEBIAN_FRONTEND=noninteractive apt-get -q -y purge holdfast'
[ "$(cat "$system/srv/anna/hello.txt")" = hello ] || fail "purging the package touched what was shared"
explain
