# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The .deb installs on a bare Debian 12 by apt alone, starts nothing, its files are where they should be, keeps a
# changed configuration over a reinstallation, and leaves nothing behind when purged.
. "$root/tests/e2e/lib.sh"
. "$root/tools/dev/chroot.sh"
[ "$(id -u)" -eq 0 ] || skip "needs root for a chroot"
[ -x "$holdfastd" ] || fail "no $holdfastd"

deb=$("$root/dev" package | tail -n 1)
system=
trap 'chroot_remove "$system"' EXIT
trap 'exit 130' INT TERM
system=$(chroot_make)
cp "$deb" "$system/holdfast.deb"
dpkg-deb -I "$deb"

inside() { chroot_run "$system" -- "$@"; }
inside sh -c 'apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends \
  /holdfast.deb'
expect 'holdfast' inside /usr/bin/holdfast --help
expect 'config' inside /usr/sbin/holdfastd --help
inside holdfast check /etc/holdfast/holdfast.toml
inside getent passwd holdfast
inside sh -c '[ "$(stat -c %U:%a /var/lib/holdfast)" = root:700 ]'
inside test -f /lib/systemd/system/holdfastd.service
inside sh -c '! [ -e /etc/systemd/system/multi-user.target.wants/holdfastd.service ]'
inside sh -c '! ldd /usr/sbin/holdfastd | grep "not found"'

inside sh -c 'echo "# mine" >>/etc/holdfast/holdfast.toml'
inside sh -c 'DEBIAN_FRONTEND=noninteractive apt-get -q -y install --reinstall /holdfast.deb'
inside grep -q '^# mine' /etc/holdfast/holdfast.toml
inside sh -c 'DEBIAN_FRONTEND=noninteractive apt-get -q -y remove holdfast'
inside test -f /etc/holdfast/holdfast.toml
inside sh -c 'DEBIAN_FRONTEND=noninteractive apt-get -q -y purge holdfast'
inside sh -c '! [ -e /etc/holdfast ] && ! [ -e /var/lib/holdfast ] && ! [ -e /usr/sbin/holdfastd ]'
refuses inside getent passwd holdfast
