#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make_system.sh ROOT SUITE FOLDER PACKAGE...: a Debian SUITE with PACKAGEs in FOLDER, from the mirror of this machine.
set -euo pipefail
root=$1 suite=$2 folder=$3
shift 3
# shellcheck source=/dev/null
. "$root/tools/dev/chroot.sh"
log=$folder.log
fail() { tail -n 20 "$log" >&2; exit 1; }
rm -rf --one-file-system "$folder"
mkdir -p "$folder"
mirror=$(debian_mirror)
debootstrap --variant=minbase "$suite" "$folder" ${mirror:+"$mirror"} >"$log" 2>&1 </dev/null || fail
printf '#!/bin/sh\nexit 101\n' >"$folder/usr/sbin/policy-rc.d"
chmod 755 "$folder/usr/sbin/policy-rc.d"
apt-config dump | grep -E '^Acquire::(http|https|Check|Retries|ForceIPv4)' >"$folder/etc/apt/apt.conf.d/90-as-the-host" || true
printf 'force-unsafe-io\n' >"$folder/etc/dpkg/dpkg.cfg.d/unsafe-io"
cp -L /etc/resolv.conf /etc/hosts "$folder/etc/"
# shellcheck disable=SC2016  # expanded inside
chroot_run "$folder" -- sh -c 'export DEBIAN_FRONTEND=noninteractive
  apt-get -q update && apt-get -q -y install --no-install-recommends "$@" && apt-get clean' sh "$@" >>"$log" 2>&1 </dev/null || fail
touch "$folder/.ready"
