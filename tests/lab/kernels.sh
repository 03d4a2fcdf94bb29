# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: Apache-2.0
# User-mode Linux kernels, unpacked from Debian's packages into the cache.  Sourced by kernel-client.

KERNELS=$LAB_CACHE/kernels
XSTATE=$LAB_CACHE/xstate.so

# What makes old kernels run on processors with AMX; see guest/xstate.c.
build_xstate() {
  local source=$LIB/guest/xstate.c
  [ "$XSTATE" -nt "$source" ] && return
  mkdir -p "$LAB_CACHE"
  gcc -O2 -shared -fPIC -Wall -Wextra -o "$XSTATE.$$" "$source" && mv "$XSTATE.$$" "$XSTATE" || die "cannot build $source"
}

# apt_of SUITE TOOL ARGS...: apt for another Debian suite, with a state of its own.  The machine's
# own package lists and installed packages are not touched.
apt_of() {
  local suite=$1 tool=$2 base=$LAB_CACHE/apt/$1 uri
  shift 2
  mkdir -p "$base"/{lists/partial,cache/archives/partial,etc/preferences.d}
  : >>"$base/status"
  uri=$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/debian.sources 2>/dev/null | head -1)
  [ -n "$uri" ] || uri=$(awk '$1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /^http/) { print $i; exit } }' \
    /etc/apt/sources.list)
  [ -n "$uri" ] || die "no Debian mirror in this machine's apt sources"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $suite main" >"$base/etc/sources.list"
  "$tool" -o Dir::Etc="$base/etc" -o Dir::Etc::sourcelist="$base/etc/sources.list" \
    -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$base/lists" \
    -o Dir::State::status="$base/status" -o Dir::Cache="$base/cache" -o APT::Sandbox::User=root -q "$@"
}

download() { # download SUITE DIR: the suite's kernel (and the libc that it was built for)
  local suite=$1 dir=$2 here
  # shellcheck disable=SC1091
  here=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  if [ "$suite" = "$here" ]; then
    local get=(apt-get -q -o APT::Sandbox::User=root download user-mode-linux)
    (cd "$dir" && { "${get[@]}" || { apt-get -q update && "${get[@]}"; }; })
  else
    apt_of "$suite" apt-get update && (cd "$dir" && apt_of "$suite" apt-get download user-mode-linux libc6)
  fi
}

fetch_kernel() { # fetch_kernel SUITE
  local suite=$1 dir=$KERNELS/$1 new=$KERNELS/$1.new deb
  [ -x "$dir/usr/bin/linux.uml" ] && return
  case $suite in
    bookworm | trixie | forky | sid) ;;
    *) [ -x "$suite" ] && return; die "unknown kernel '$suite'" ;;
  esac
  rm -rf "$new"
  mkdir -p "$new/deb"
  download "$suite" "$new/deb" >&2 || die "cannot download the kernel of $suite"
  for deb in "$new"/deb/*.deb; do dpkg-deb -x "$deb" "$new" || die "cannot unpack $deb"; done
  rm -rf "$new/deb"
  if ldd "$new/usr/bin/linux.uml" 2>&1 | grep -q 'not found'; then
    # Built for a newer libc: let it start through that suite's own ld.so.  It must be the program
    # that the host's kernel loads, so "ld.so linux.uml" is no way; the name of the interpreter in
    # the file (27 characters and a zero) is replaced by a link that kernel_vars makes.
    perl -0777 -pi -e 's{/lib64/ld-linux-x86-64\.so\.2\0}{my $n = "/run/hflab-ld-'"$suite"'.so"; $n . ("\0" x (28 - length $n))}e or die' \
      "$new/usr/bin/linux.uml" || die "cannot change the interpreter of the kernel of $suite"
    : >"$new/private-libc"
  fi
  rm -rf "$dir"
  mv "$new" "$dir"
}

# kernel_vars KERNEL: sets UML (the program), MODULES (folder, may be empty), UML_LIBS (library path).
kernel_vars() {
  local dir=$KERNELS/$1 so
  UML_LIBS=''
  MODULES=''
  if [ -x "$dir/usr/bin/linux.uml" ]; then
    UML=$dir/usr/bin/linux.uml
    MODULES=$dir/usr/lib/uml/modules
    if [ -e "$dir/private-libc" ]; then
      so=$(find "$dir" -name ld-linux-x86-64.so.2 -type f | head -1)
      UML_LIBS=$(dirname "$so")
      ln -sfn "$so" "/run/hflab-ld-$1.so"
    fi
  elif [ -f "$1" ] && [ -x "$1" ]; then
    UML=$(readlink -f "$1")
    [ -d "$(dirname "$UML")/modules" ] && MODULES=$(dirname "$UML")/modules
  else
    die "kernel '$1' is not there: kernel-client install $1"
  fi
}
