# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Clients behind nginx (PROXY protocol 1) and HAProxy (2, with a checksum behind the addresses), IPv4 and IPv6, are known
# by their own addresses in the log and in `holdfast sessions`; who is no proxy, or sends no header, is refused with a
# line in the log. The case runs in three network namespaces: client, proxy, and server (the script's own).
[ -n "${PROXY_CASE_INSIDE:-}" ] || {
  unshare --net true 2>/dev/null || { echo "cannot make network namespaces (needs root)"; exit 77; }
  PROXY_CASE_INSIDE=1 exec unshare --net bash "${BASH_SOURCE[0]}"
}
. "$root/tests/e2e/lib.sh"
for tool in ip nginx haproxy smbclient; do
  command -v "$tool" >/dev/null || skip "no $tool (./dev setup e2e)"
done
stream=/usr/lib/nginx/modules/ngx_stream_module.so
[ -e "$stream" ] || skip "nginx has no stream module (libnginx-mod-stream)"

started=()
# shellcheck disable=SC2329  # called by trap
clean_up() {
  stop_daemon
  kill "${started[@]}" 2>/dev/null || true
}
# new_namespace: one that lives as long as the process $holder.
new_namespace() {
  unshare --net sleep 600 &
  holder=$!
  started+=("$holder")
  until_true 10 in_another "$holder"
  nsenter --net="/proc/$holder/ns/net" ip link set lo up
}
in_another() { [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
client_do() { nsenter --net="/proc/$client_ns/ns/net" "$@"; }
proxy_do() { nsenter --net="/proc/$proxy_ns/ns/net" "$@"; }
trap clean_up EXIT
new_namespace
client_ns=$holder
new_namespace
proxy_ns=$holder
ip link set lo up
ip link add toproxy type veth peer name toserver netns "$proxy_ns"
proxy_do ip link add toclient type veth peer name eth0 netns "$client_ns"
ip addr add 10.9.0.2/24 dev toproxy
proxy_do ip addr add 10.9.0.1/24 dev toserver
proxy_do ip addr add 192.0.2.1/24 dev toclient
proxy_do ip addr add 2001:db8:2::1/64 dev toclient nodad
client_do ip addr add 192.0.2.2/24 dev eth0
client_do ip addr add 2001:db8:2::2/64 dev eth0 nodad
ip link set toproxy up
proxy_do ip link set toserver up
proxy_do ip link set toclient up
client_do ip link set eth0 up

config=$WORK/holdfast.toml
# listeners FLAG: 445 from the proxy, 4450 from some other one.
listeners() {
  printf '[[listen]]\naddress = "10.9.0.2"\nport = 445\n'
  [ "$1" = off ] || printf 'proxy_protocol = true\nproxy_from = ["10.9.0.1"]\n'
  printf '[[listen]]\naddress = "10.9.0.2"\nport = 4450\nproxy_protocol = true\nproxy_from = ["10.9.0.7", "2001:db8:7::/48"]\n'
}
write_config "$config" "$(listeners on)"
echo content >"$WORK/data/file.txt"
start_daemon "$config"
trap clean_up EXIT
add_user anna 'correct horse 1'

mkdir "$WORK/nginx"
cat >"$WORK/nginx/nginx.conf" <<END
load_module $stream;
daemon off;
worker_processes 1;
pid $WORK/nginx/pid;
error_log $WORK/nginx/error.log;
events { worker_connections 64; }
stream {
  server { listen 192.0.2.1:445; listen [2001:db8:2::1]:445; proxy_pass 10.9.0.2:445; proxy_protocol on; }
  server { listen 192.0.2.1:447; proxy_pass 10.9.0.2:445; }
}
END
cat >"$WORK/haproxy.cfg" <<END
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen smb
  bind 192.0.2.1:446
  bind [2001:db8:2::1]:446
  server one 10.9.0.2:445 send-proxy-v2 proxy-v2-options crc32c
END
# Without proxy_do, whose shell would be what is ended in their place.
nsenter --net="/proc/$proxy_ns/ns/net" nginx -e "$WORK/nginx/error.log" -p "$WORK/nginx" -c "$WORK/nginx/nginx.conf" &
started+=("$!")
nsenter --net="/proc/$proxy_ns/ns/net" haproxy -db -f "$WORK/haproxy.cfg" >"$WORK/haproxy.log" 2>&1 &
started+=("$!")
listens() { proxy_do ss -Hltn "sport = :$1" | grep -q .; }
for each in 445 446 447; do until_true 20 listens "$each"; done

# through ADDRESS PORT COMMANDS: the client's smbclient, through that port of the proxy.
through() { client_do smbclient "//$1/data" -p "$2" -A "$WORK/anna.login" -m SMB3 -c "$3"; }
log_lines() { grep -c "$1" "$WORK/daemon.log" || true; }

for each in 445 446; do
  before=$(log_lines 'from 192\.0\.2\.2:[0-9]* logged on')
  expect file.txt through 192.0.2.1 "$each" ls
  [ "$(log_lines 'from 192\.0\.2\.2:[0-9]* logged on')" -gt "$before" ] || fail "the log does not name the client ($each)"
  before=$(log_lines 'from \[2001:db8:2::2\]:[0-9]* logged on')
  expect file.txt through 2001:db8:2::1 "$each" ls
  [ "$(log_lines 'from \[2001:db8:2::2\]:[0-9]* logged on')" -gt "$before" ] || fail "the log does not name the client of IPv6 ($each)"
done

# While it is connected.
mkfifo "$WORK/in"
client_do smbclient //192.0.2.1/data -p 446 -A "$WORK/anna.login" -m SMB3 <"$WORK/in" >"$WORK/out" 2>&1 &
staying=$!
exec 5>"$WORK/in"
session_of_client() { admin sessions | tee "$WORK/sessions" | grep -q '192\.0\.2\.2'; }
until_true 20 session_of_client
cat "$WORK/sessions"
printf 'quit\n' >&5
exec 5>&-
wait "$staying"

# More than one receive buffer goes through, in both directions.
head -c 20000000 /dev/urandom >"$WORK/large"
through 192.0.2.1 446 "lcd $WORK; put large large; get large back"
cmp "$WORK/large" "$WORK/back"
cmp "$WORK/large" "$WORK/data/large"

# Without a header: nginx that does not speak the protocol, and so a client that comes directly.
refuses through 192.0.2.1 447 ls
expect 'Refused a connection from 10.9.0.1' cat "$WORK/daemon.log"
expect 'a malformed PROXY header' cat "$WORK/daemon.log"
# Not a proxy of that listener.
refuses smbclient //10.9.0.2/data -p 4450 -A "$WORK/anna.login" -m SMB3 -c ls
expect 'not one of the proxies' cat "$WORK/daemon.log"
# The listener beside them is as ever.
expect file.txt client anna data ls

# Switched off while the server runs.
write_config "$config" "$(listeners off)"
expect 'was applied' admin reload
expect file.txt through 192.0.2.1 447 ls
refuses through 192.0.2.1 445 ls
write_config "$config" "$(listeners on)"
expect 'was applied' admin reload
expect file.txt through 192.0.2.1 445 ls
