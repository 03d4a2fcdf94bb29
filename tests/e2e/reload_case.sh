# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# SIGHUP and `holdfast reload` apply a changed configuration while a client stays connected on the same connection;
# a wrong configuration changes nothing and is reported.
. "$root/tests/e2e/lib.sh"
config=$WORK/holdfast.toml
write_config "$config"
echo one >"$WORK/data/one.txt"
start_daemon "$config"
add_user anna 'correct horse 1'

# A client that stays: commands go in by a pipe, its output comes back by another.
mkfifo "$WORK/in" "$WORK/out"
stdbuf -o0 smbclient //127.0.0.1/data -p "$port" -A "$WORK/anna.login" -m SMB3 <"$WORK/in" >"$WORK/out" 2>&1 &
staying=$!
exec 5>"$WORK/in" 6<"$WORK/out"

# ask COMMAND TEXT: the staying client's answer to the command has that text.
ask() {
  local line
  printf '%s\n' "$1" >&5
  while IFS= read -r -t 20 line <&6; do
    printf 'client: %s\n' "$line"
    [[ $line == *"$2"* ]] && return 0
  done
  fail "no '$2' from the staying client"
}
# connections: the local ports of connections to the server.
connections() {
  awk -v p="$(printf ':%04X' "$port")" '$4 == "01" && $3 ~ p "$" { print $2 }' /proc/net/tcp | sort
}
ask ls one.txt
before=$(connections)
[ "$(wc -l <<<"$before")" -eq 1 ] || fail "expected one connection: $before"

# reloaded_to NAME: a share of that name is there for a new client.
reloaded_to() { client anna "$1" ls >/dev/null 2>&1; }
mkdir -p "$WORK/second" "$WORK/third"
printf '\n[[share]]\nname = "second"\npath = "%s"\nidentity = "service"\n' "$WORK/second" >>"$config"
kill -HUP "$daemon"
until_true 10 reloaded_to second
ask ls one.txt

printf '\n[[share]]\nname = "third"\npath = "%s"\nidentity = "service"\n' "$WORK/third" >>"$config"
admin reload
until_true 10 reloaded_to third
ask ls one.txt

printf '\nnonsense = 1\n' >>"$config"
refuses admin reload
expect nonsense admin reload
reloaded_to third || fail "a share is gone after a refused reload"
ask ls one.txt
[ "$(connections)" = "$before" ] || fail "the client's connection was replaced"

# A share taken away is gone for new clients.
write_config "$config"
admin reload
refuses reloaded_to second
ask ls one.txt

printf 'quit\n' >&5
exec 5>&-
cat <&6
wait "$staying"
stop_daemon
