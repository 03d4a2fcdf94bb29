# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: Apache-2.0
# Settings and small functions that all scripts of the lab share.  Sourced, never run.

# All run-time state.  cache/ is worth keeping between runs; the rest belongs to one lab.
LAB_STATE=$(readlink -m "${HOLDFAST_LAB_STATE:-/var/tmp/holdfast-lab}")
# Name of the lab: its network namespace and its folder under LAB_STATE.  Two labs with
# different names do not meet, not even by address.
LAB_NAME=${HOLDFAST_LAB_NAME:-hflab}
LAB_CACHE=$LAB_STATE/cache
LAB_RUN=$LAB_STATE/$LAB_NAME
# First three numbers of the lab's network.  Servers are .1 to .9, guests .11 and up.
LAB_NET=10.77.0
LAB_NET6=fd77:0:0:0
LAB_BRIDGE=br0

die() {
  echo "${0##*/}: $*" >&2
  exit 1
}

need_root() { [ "$(id -u)" = 0 ] || die "must run as root (network namespaces, mounts)"; }

in_lab() { nsenter "--net=/run/netns/$LAB_NAME" -- "$@"; }
ip_lab() { ip -n "$LAB_NAME" "$@"; }

# is_running PID: true until the process has ended (a zombie has).
is_running() {
  [ -n "$1" ] && [ -d "/proc/$1" ] && ! grep -q '^State:.[ZX]' "/proc/$1/status" 2>/dev/null
}

# install_packages NAME...: Debian packages that are not there yet.  Services that come with
# them are not started: the lab starts its own, with its own configuration.
install_packages() {
  local p missing=() policy=/usr/sbin/policy-rc.d own_policy='' rc
  for p in "$@"; do
    dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
  done
  [ ${#missing[@]} = 0 ] && return
  if [ ! -e "$policy" ]; then
    own_policy=1
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  local apt=(apt-get -o DPkg::Lock::Timeout=600 -q -y --no-install-recommends)
  export DEBIAN_FRONTEND=noninteractive
  { "${apt[@]}" install "${missing[@]}" ||
    { apt-get -q update && "${apt[@]}" install "${missing[@]}"; }; } >&2
  rc=$?
  [ -n "$own_policy" ] && rm -f "$policy"
  [ $rc = 0 ] || die "cannot install ${missing[*]}"
}
