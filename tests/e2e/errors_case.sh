# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What goes wrong on the server's side reaches the client as the right status, and the server works on afterwards: a full
# disk, a file system that became read-only, a directory that vanished, files and folders without permission, a share
# that is read-only, too few descriptors.
. "$root/tests/e2e/lib.sh"
[ "$(id -u)" -eq 0 ] || skip "needs root for a file system of its own and for another user"
echo hello >"$WORK/hello.txt"
head -c $((8 << 20)) /dev/urandom >"$WORK/large"

# A share on a small file system of the daemon's own mount namespace, and one beside it that nothing happens to.
mkdir "$WORK/other"
write_config "$WORK/holdfast.toml" "$(printf '[[share]]\nname = "other"\npath = "%s/other"\nidentity = "service"\n' "$WORK")"
printf '#!/bin/sh\nmount -t tmpfs -o size=4m,nr_inodes=40,mode=755 small "%s/data" && exec "%s" "$@"\n' \
  "$WORK" "$holdfastd" >"$WORK/mounted"
printf '#!/bin/sh\nexec unshare --mount --propagation private "%s/mounted" "$@"\n' "$WORK" >"$WORK/daemon"
chmod +x "$WORK/daemon" "$WORK/mounted"
holdfastd=$WORK/daemon
start_daemon "$WORK/holdfast.toml"
inside() { nsenter --target "$daemon" --mount "$@"; }
works() {
  client anna "$1" "put $WORK/hello.txt works; get works $WORK/got; del works"
  cmp "$WORK/hello.txt" "$WORK/got"
}
add_user anna 'correct horse 1'
works data

expect NT_STATUS_DISK_FULL client anna data "put $WORK/large large"
works other
client anna data 'del large'
works data
make=$(printf 'mkdir d%d; ' $(seq 60))
expect NT_STATUS_DISK_FULL client anna data "$make"
# No node is left for a file either, but what is there can be used and removed.
expect NT_STATUS_DISK_FULL client anna data "put $WORK/hello.txt more"
expect d1 client anna data ls
client anna data "$(printf 'rmdir d%d; ' $(seq 20))"
works data

client anna data "put $WORK/hello.txt stays"
inside mount -o remount,ro "$WORK/data"
expect NT_STATUS_MEDIA_WRITE_PROTECTED client anna data "put $WORK/hello.txt new"
expect NT_STATUS_MEDIA_WRITE_PROTECTED client anna data 'mkdir new'
expect NT_STATUS_MEDIA_WRITE_PROTECTED client anna data 'del stays'
client anna data "get stays $WORK/got"
cmp "$WORK/hello.txt" "$WORK/got"
inside mount -o remount,rw "$WORK/data"
works data

# The served directory is renamed, then removed, while a client is connected.
mkfifo "$WORK/in"
smbclient //127.0.0.1/other -p "$port" -A "$WORK/anna.login" -m SMB3 <"$WORK/in" >"$WORK/staying.out" 2>&1 &
staying=$!
exec 5>"$WORK/in"
echo "put $WORK/hello.txt before" >&5
until_true 10 test -s "$WORK/other/before"
mv "$WORK/other" "$WORK/away"
echo "put $WORK/hello.txt renamed" >&5
until_true 10 test -s "$WORK/away/renamed" # the share is the directory, not its name
rm -r "$WORK/away"
printf '%s\n' "put $WORK/hello.txt removed" "get before $WORK/got" 'mkdir new' ls 'del before' >&5
exec 5>&-
wait "$staying" || true
cat "$WORK/staying.out"
[ "$(grep -c 'NT_STATUS_OBJECT_[A-Z]*_NOT_FOUND' "$WORK/staying.out")" -eq 3 ] || fail "not 3 times not found"
refuses client anna other "get before $WORK/got"
works data
stop_daemon

# A server without root's rights: holdfast serve as nobody.
install -d -o nobody "$WORK/run" "$WORK/shared/nobodys"
install -m 600 "$WORK/hello.txt" "$WORK/shared/secret"
install -m 644 "$WORK/hello.txt" "$WORK/shared/open"
install -d -m 700 "$WORK/shared/closed"
install -o nobody -m 600 "$WORK/anna.password" "$WORK/run/password"
install -m 755 "$holdfast" "$WORK/holdfast" # the checkout may be closed to others
server=
trap '[ -z "$server" ] || end_process "$server" TERM || true' EXIT
# serve COMMAND...: `holdfast serve` behind that command, with the options in $options.
serve() {
  port=$(free_port)
  # shellcheck disable=SC2086
  "$@" "$WORK/holdfast" --socket "$WORK/run/sock" serve "$WORK/shared" --listen 127.0.0.1 --port "$port" --name data \
    --user anna --password-file "$WORK/run/password" $options >"$WORK/serve.log" 2>&1 </dev/null &
  server=$!
  wait_port "$port" "$server" 20 || { cat "$WORK/serve.log"; fail "serve does not listen"; }
}
stop_serve() {
  local ended=$server
  server=
  end_process "$ended" TERM || { cat "$WORK/serve.log"; fail "serve did not end in order"; }
}
as_nobody=(setpriv --reuid=nobody --regid=nogroup --clear-groups)

options=
serve "${as_nobody[@]}"
client anna data "get open $WORK/got"
client anna data "cd nobodys; put $WORK/hello.txt mine; del mine"
rm "$WORK/got"
expect NT_STATUS_ACCESS_DENIED client anna data "get secret $WORK/got"
[ ! -s "$WORK/got" ] || fail "the content came all the same"
for refused in "put $WORK/hello.txt new" "put $WORK/hello.txt open" 'del open' 'rmdir nobodys' 'rename open moved' 'mkdir new' \
  'cd closed; ls' 'ls closed/*' "put $WORK/hello.txt closed/new"; do
  expect NT_STATUS_ACCESS_DENIED client anna data "$refused"
done
cmp "$WORK/hello.txt" "$WORK/shared/open"
expect nobodys client anna data ls
stop_serve

options=--read-only
serve "${as_nobody[@]}"
for refused in "put $WORK/hello.txt nobodys/new" 'rmdir nobodys' 'mkdir nobodys/new' 'rename nobodys moved'; do
  expect NT_STATUS_ACCESS_DENIED client anna data "$refused"
done
client anna data "get open $WORK/got"
cmp "$WORK/hello.txt" "$WORK/got"
stop_serve
[ -z "$(ls "$WORK/shared/nobodys")" ] || fail "something was written through a read-only share"

# Few descriptors: a refusal, not an end.
for loop in $(loops_here); do
  options="--loop $loop --threads 1"
  serve prlimit --nofile=80:80
  "$root/tests/e2e/drivers/open_many.py" "$port" "$server"
  works data
  tail -n 3 "$WORK/serve.log"
  stop_serve
done
