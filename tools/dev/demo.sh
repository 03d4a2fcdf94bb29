# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# `./dev demo`: sets up, builds, serves a directory, and lets a client list it and copy from it.

demo_cleanup() {
  [ -z "$demo_server" ] || end_process "$demo_server" INT 10 || true
  rm -rf "$demo_dir"
}

demo_make_files() {
  local dir=$1
  mkdir -p "$dir/photos/2026" "$dir/empty folder"
  printf 'Hello from Holdfast.\n' >"$dir/hello.txt"
  printf 'grüße, 挨拶, привет\n' >"$dir/grüße 挨拶.txt"
  : >"$dir/empty.txt"
  head -c 20000000 /dev/urandom >"$dir/photos/2026/holiday.raw"
}

demo() {
  need build demo
  say "building (first time: some minutes)"
  build_preset release
  local holdfast=$root/build/release/bin/holdfast port
  [ -x "$holdfast" ] || die "the release build has no build/release/bin/holdfast"
  demo_dir=$(mktemp -d "${TMPDIR:-/tmp}/holdfast-demo.XXXXXX") demo_server=
  trap demo_cleanup EXIT
  demo_make_files "$demo_dir/files"
  (umask 077 && head -c 12 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$demo_dir/password")
  (umask 077 && printf 'username = demo\npassword = %s\n' "$(cat "$demo_dir/password")" >"$demo_dir/login")
  port=$(free_port)

  export LC_ALL=C.UTF-8
  cd "$demo_dir" || exit 1
  export PATH=$root/build/release/bin:$PATH
  local serve=(holdfast serve files --listen 127.0.0.1 --port "$port" --name demo --user demo
    --password-file password)
  printf '$ %s &\n' "${serve[*]}"
  set -m # else a script's background processes ignore SIGINT
  "${serve[@]}" </dev/null &
  demo_server=$!
  set +m
  wait_port "$port" "$demo_server" 20 || die "the server did not start listening on port $port"

  local client=(smbclient "//127.0.0.1/demo" -p "$port" -A login -m SMB3)
  shown "${client[@]}" -c 'recurse; ls' || die "the client could not list the directory"
  mkdir copy
  shown "${client[@]}" -c 'recurse; prompt; lcd copy; mget *' || die "the client could not copy"
  shown diff -r files copy || die "the copy differs from what was served"
  echo 'The copy is equal to what was served.'

  printf '$ kill -INT %%1\n'
  local status=0
  end_process "$demo_server" INT || status=$?
  demo_server=
  [ "$status" -eq 0 ] || die "the server ended with status $status"
  echo 'The server ended cleanly.'
}
