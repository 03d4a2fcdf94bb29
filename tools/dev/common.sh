# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Shared by ./dev and what it calls: output, packages, builds. Expects $root; defines functions only.

say() { printf '== %s\n' "$*" >&2; }
die() { printf 'dev: %s\n' "$*" >&2; exit 1; }

# shown COMMAND...: prints a command as one would type it, then runs it.
shown() {
  local word line='$'
  for word in "$@"; do
    case "$word" in
      *[!A-Za-z0-9_./:=-]*) line+=" '$word'" ;;
      *) line+=" $word" ;;
    esac
  done
  printf '%s\n' "$line"
  "$@"
}

# as_root COMMAND...: runs it as root, with sudo when needed.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "needs root (no sudo here) for: $*"
  fi
}

# packages_of GROUP...: the packages of those groups, one a line.
packages_of() {
  local group
  for group in "$@"; do
    awk -v g="$group" '$1 == g { print $2; n++ } END { exit n == 0 }' "$root/tools/packages.txt" ||
      die "no package group '$group' in tools/packages.txt"
  done | sort -u
}

# missing_packages PACKAGE...: those that are not installed.
missing_packages() {
  local package
  for package in "$@"; do
    case "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" in
      installed) ;;
      *) printf '%s\n' "$package" ;;
    esac
  done
}

# need GROUP...: installs what is missing of those groups; silent when nothing is.
need() {
  local list wanted missing
  list=$(packages_of "$@") || exit 1
  mapfile -t wanted <<<"$list"
  mapfile -t missing < <(missing_packages "${wanted[@]}")
  [ "${#missing[@]}" -gt 0 ] || return 0
  command -v apt-get >/dev/null ||
    die "not a Debian system; install what corresponds to: ${missing[*]}"
  say "installing ${missing[*]}"
  as_root apt-get -q -o DPkg::Lock::Timeout=600 update >&2
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 \
    -o Dpkg::Use-Pty=0 install --no-install-recommends "${missing[@]}" >&2
}

# parallel_jobs: compilers to run at once: one per core, but no more than memory allows (1.2 GiB each).
parallel_jobs() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/^MemAvailable:/ { print int($2 / 1200000) }' /proc/meminfo)
  [ "${memory:-1}" -ge 1 ] || memory=1
  if [ "$memory" -lt "$cores" ]; then echo "$memory"; else echo "$cores"; fi
}

# build_preset PRESET [TARGET...]: configures when needed (CMake notices changed lists itself) and builds.
build_preset() {
  local preset=$1
  shift
  need build
  # Objects are then the same in every checkout: a clone elsewhere gets its hits from the same cache.
  export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$root} CCACHE_NOHASHDIR=1
  if ! [ -f "$root/build/$preset/build.ninja" ]; then
    (cd "$root" && cmake --preset "$preset" >&2) || return 1
  fi
  (cd "$root" && cmake --build --preset "$preset" -j "$(parallel_jobs)" ${1:+--target "$@"} \
    -- ${CI:+-k 0} >&2)
}

# has_target PRESET TARGET: whether the configured build knows that target.
has_target() {
  ninja -C "$root/build/$1" -t query "$2" >/dev/null 2>&1
}

# free_port: a TCP port of the loopback on which nobody listens. Below the range from which the kernel takes the ports of
# outgoing connections: thousands of them, from a test just before, would be in the way.
free_port() {
  local port
  for _ in $(seq 50); do
    port=$((20000 + RANDOM % 12000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port"
      return
    fi
  done
  die "no free port found"
}

# wait_port PORT PID [SECONDS]: until somebody listens there; fails when the process ends or time is up.
wait_port() {
  local deadline=$((SECONDS + ${3:-20}))
  until (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; do
    kill -0 "$2" 2>/dev/null || return 1
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.05
  done
}

# end_process PID SIGNAL [SECONDS]: sends it the signal, waits for its end, and returns its status; kills it when it
# does not end in time. The process must be a child of this shell.
end_process() {
  local pid=$1 deadline=$((SECONDS + ${3:-30})) status=0
  kill -s "$2" "$pid" 2>/dev/null || true
  while kill -0 "$pid" 2>/dev/null; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      say "process $pid did not end on SIG$2"
      kill -s KILL "$pid"
    fi
    sleep 0.1
  done
  wait "$pid" || status=$?
  return "$status"
}
