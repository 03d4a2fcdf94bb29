# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Bare Debian 12 systems to try things in, made with debootstrap from the mirror this machine uses. The base is kept
# as a tarball under $chroot_state for a week; a system made from it lasts as long as one command. Its mounts live in
# a mount namespace of that command, so nothing stays mounted, whatever happens.

chroot_state=${HOLDFAST_LAB_STATE:-/var/tmp/holdfast-lab}/debian

# debian_mirror: the archive from which this machine gets Debian 12; nothing when apt names none, and debootstrap then
# takes its own default.
debian_mirror() {
  # shellcheck disable=SC2016  # apt's own format
  apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    awk '$1 == "bookworm" && !found { print $2; found = 1 }'
}

# copy_apt_settings ROOT: the system at ROOT gets its packages from where this machine gets its own.
copy_apt_settings() {
  local to=$1/etc/apt file
  if [ -e /etc/apt/sources.list ] || compgen -G '/etc/apt/sources.list.d/debian*' >/dev/null; then
    rm -f "$to/sources.list"
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/debian*; do
      [ ! -f "$file" ] || cp "$file" "$to${file#/etc/apt}"
    done
  fi
  apt-config dump | grep -E '^Acquire::(http|https|Check|Retries|ForceIPv4)' >"$to/apt.conf.d/90-as-the-host" || true
  cp -L /etc/resolv.conf "$1/etc/resolv.conf"
  cp -L /etc/hosts "$1/etc/hosts"
}

# copy_trust ROOT: the certificate authorities that this machine's administrator has added (a proxy's, say).
copy_trust() {
  compgen -G '/usr/local/share/ca-certificates/*.crt' >/dev/null || return 0
  mkdir -p "$1/etc/ssl"
  cat /usr/local/share/ca-certificates/*.crt >"$1/etc/ssl/added-ca.crt"
}

# chroot_tarball: prints the path of a tarball of Debian 12's minimal system; makes it when there is none.
chroot_tarball() {
  local tarball=$chroot_state/bookworm.tar work mirror
  mkdir -p "$chroot_state"
  find "$chroot_state" -maxdepth 1 -name bookworm.tar -mtime +7 -delete
  if ! [ -s "$tarball" ]; then
    work=$(mktemp -d "$chroot_state/base.XXXXXX")
    mirror=$(debian_mirror)
    debootstrap --variant=minbase bookworm "$work" ${mirror:+"$mirror"} >"$chroot_state/debootstrap.log" 2>&1 || {
      tail -n 20 "$chroot_state/debootstrap.log" >&2
      rm -rf "$work"
      return 1
    }
    rm -f "$work"/var/cache/apt/archives/*.deb
    tar -C "$work" --numeric-owner --xattrs -cf "$tarball.$$" .
    mv "$tarball.$$" "$tarball"
    rm -rf "$work"
  fi
  printf '%s\n' "$tarball"
}

# chroot_make: prints the folder of a new system made from the tarball.
chroot_make() {
  local tarball folder
  tarball=$(chroot_tarball) || return 1
  folder=$(mktemp -d "$chroot_state/root.XXXXXX")
  tar -C "$folder" --numeric-owner --xattrs -xf "$tarball"
  chmod 755 "$folder"
  copy_apt_settings "$folder"
  copy_trust "$folder"
  printf 'force-unsafe-io\n' >"$folder/etc/dpkg/dpkg.cfg.d/unsafe-io"
  printf '#!/bin/sh\nexit 101\n' >"$folder/usr/sbin/policy-rc.d"
  chmod 755 "$folder/usr/sbin/policy-rc.d"
  printf '%s\n' "$folder"
}

# chroot_remove FOLDER
chroot_remove() {
  [ -z "$1" ] || [ "$1" = / ] || rm -rf --one-file-system "$1"
}

# chroot_run FOLDER [BIND...] -- COMMAND...: runs it as root inside, with /proc, /sys, /dev and the folders BIND (same
# path inside) mounted. All of its processes end with it. The folder becomes the root of the mount namespace, not only of
# the processes: what runs inside may make mount namespaces of its own, as tests do.
chroot_run() {
  local folder=$1 binds=()
  shift
  while [ "$1" != -- ]; do
    binds+=("$1")
    shift
  done
  shift
  # shellcheck disable=SC2016  # expanded by the inner shell
  unshare --mount --pid --fork --kill-child --propagation private bash -euc '
    folder=$1 count=$2
    shift 2
    mount --bind "$folder" "$folder"
    mount -t proc proc "$folder/proc"
    mount --rbind /sys "$folder/sys"
    mount --rbind /dev "$folder/dev"
    mount -t tmpfs tmpfs "$folder/run"
    for _ in $(seq "$count"); do
      mkdir -p "$folder$1"
      mount --bind "$1" "$folder$1"
      shift
    done
    cd "$folder"
    pivot_root . .
    umount -l .
    trust=
    [ ! -e /etc/ssl/added-ca.crt ] || trust=/etc/ssl/added-ca.crt
    exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
      TERM=dumb ${trust:+NODE_EXTRA_CA_CERTS="$trust"} ${http_proxy:+http_proxy="$http_proxy"} ${CCACHE_DIR:+CCACHE_DIR="$CCACHE_DIR"} "$@"' chroot "$folder" "${#binds[@]}" "${binds[@]}" "$@"
}

# chroot_boot FOLDER LOG: boots the system in FOLDER (systemd is installed there) as a container with its own processes,
# network (a loopback) and cgroups, and sets $booted, the process that is its PID 1; ends it: chroot_halt.
chroot_boot() {
  local folder=$1 log=$2 cgroup
  cgroup=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
  [ -n "$cgroup" ] || return 1
  boot_cgroup=$cgroup/holdfast-boot.$$
  mkdir -p "$boot_cgroup"
  # shellcheck disable=SC2016  # expanded by the inner shell
  (
    echo "$BASHPID" >"$boot_cgroup/cgroup.procs"
    exec unshare --mount --pid --fork --kill-child --propagation private --cgroup --uts --ipc --net bash -euc '
      folder=$1
      mount --bind "$folder" "$folder"
      cd "$folder"
      mount -t proc proc proc
      mount -t sysfs -o ro sysfs sys
      mount -t cgroup2 cgroup2 sys/fs/cgroup
      mount -t tmpfs -o mode=755 tmpfs dev
      for node in null zero full random urandom tty; do
        touch "dev/$node"
        mount --bind "/dev/$node" "dev/$node"
      done
      mkdir dev/shm dev/pts
      mount -t tmpfs tmpfs dev/shm
      mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
      ln -s pts/ptmx dev/ptmx
      ln -s /proc/self/fd dev/fd
      mount -t tmpfs -o mode=755 tmpfs run
      mount -t tmpfs tmpfs tmp
      hostname holdfast-test
      exec env -i container=holdfast PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot . /lib/systemd/systemd \
        --system --unit=multi-user.target --show-status=no' boot "$folder"
  ) >"$log" 2>&1 </dev/null &
  boot_outer=$!
  local deadline=$((SECONDS + 60))
  until booted=$(cat "/proc/$boot_outer/task/$boot_outer/children" 2>/dev/null) && booted=${booted%% *} &&
    [ -n "$booted" ] && chroot_enter systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded'; do
    kill -0 "$boot_outer" 2>/dev/null && [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.2
  done
}

# chroot_enter COMMAND...: runs it inside the booted system.
chroot_enter() {
  nsenter --target "$booted" --mount --pid --net --cgroup --uts --ipc --root \
    env -i -C / PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 "$@"
}

# chroot_halt: ends the booted system and all of its processes.
chroot_halt() {
  [ -n "${boot_outer:-}" ] || return 0
  kill -KILL "$booted" 2>/dev/null || true
  wait "$boot_outer" 2>/dev/null || true
  find "$boot_cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || true
  boot_outer='' booted=''
}
