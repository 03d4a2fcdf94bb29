# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The witness service over TCP with the endpoint mapper: impacket, rpcclient and smbtorture find it, register with
# signed and with encrypted calls, and are told by `holdfast witness move` where to go; lower levels, wrong passwords and
# octets of no meaning are refused, and the server goes on. In a network namespace of its own, where 135 is free.
[ -n "${WITNESS_CASE_INSIDE:-}" ] || {
  unshare --net true 2>/dev/null || { echo "cannot make network namespaces (needs root)"; exit 77; }
  WITNESS_CASE_INSIDE=1 exec unshare --net bash "${BASH_SOURCE[0]}"
}
. "$root/tests/e2e/lib.sh"
for tool in ip rpcclient smbtorture; do
  command -v "$tool" >/dev/null || skip "no $tool (./dev setup e2e)"
done
/usr/bin/python3 -c 'import impacket' 2>/dev/null || skip "no impacket (./dev setup e2e)"

ip link set lo up
ip link add stub type veth peer name other
ip addr add 192.0.2.1/24 dev stub
ip link set stub up
ip link set other up
here=192.0.2.1
port=445
config=$WORK/holdfast.toml
settings() {
  printf '[witness]\nenabled = %s\nnames = ["files"]\n[runtime]\nthreads = 2\n' "$1"
  printf '[[listen]]\naddress = "192.0.2.1"\nport = 445\n[[listen]]\naddress = "0.0.0.0"\nport = 446\n'
  printf '[[share]]\nname = "clustered"\npath = "%s/data"\nidentity = "service"\ncluster = "failover"\n' "$WORK"
}
write_config "$config" "$(settings true)"
start_daemon "$config"
add_user anna 'correct horse 1'

# witness COMMAND...: the client of impacket. LOGIN is whose password it has.
witness() {
  timeout 120 /usr/bin/python3 "$root/tests/e2e/drivers/witness.py" "$here" 135 anna "$WORK/anna.password" HOLDFAST "$@"
}

echo '--- what impacket finds'
expect "$here" witness interfaces
witness refusals

echo '--- told to move'
expect 'No clients have registered' admin witness list
# told LEVEL CLIENT SHARE WHAT OPTION...: registers, is moved to two addresses with these options, and hears of WHAT.
told() {
  local level=$1 name=$2 share=$3 what=$4
  shift 4
  witness moves "$level" "$name" ${share:+"$share"} >"$WORK/$name.out" 2>&1 &
  local waiting=$!
  is_listening() { admin witness list | tee "$WORK/list" | grep -q "^$name .*listening"; }
  until_true 20 is_listening
  cat "$WORK/list"
  expect 'Told 1 registration' admin witness move "$@" --to 192.0.2.9 --to 2001:db8::9
  wait "$waiting" || { cat "$WORK/$name.out"; fail "$name was not told"; }
  expect "$what 192.0.2.9 2001:db8::9" cat "$WORK/$name.out"
  expect 'No clients have registered' admin witness list
}
told sign CLIENT1 '' CLIENT_MOVE --client client1
told seal CLIENT2 '' CLIENT_MOVE --all
told seal CLIENT3 clustered SHARE_MOVE --client CLIENT3 --share CLUSTERED
refuses admin witness move --client nobody --to 192.0.2.9
refuses admin witness move --all --to nowhere
refuses admin witness move --to 192.0.2.9
expect '"total": 0' admin witness list --json

echo '--- addresses that come'
witness moves seal CLIENT4 >"$WORK/CLIENT4.out" 2>&1 &
waiting=$!
is_listening() { admin witness list | grep -q '^CLIENT4 .*listening'; }
until_true 20 is_listening
ip addr add 192.0.2.3/24 dev stub
wait "$waiting" || { cat "$WORK/CLIENT4.out"; fail "no news of an address"; }
expect 'IP_CHANGE 192.0.2.1 192.0.2.3' cat "$WORK/CLIENT4.out"

echo '--- time, and octets of no meaning'
witness keep-alive
witness garbage
witness interfaces

echo '--- who goes without a word is forgotten with its connection'
/usr/bin/python3 "$root/tests/e2e/drivers/witness.py" "$here" 135 anna "$WORK/anna.password" HOLDFAST moves sign CLIENT5 &
waiting=$!
is_listening() { admin witness list | grep -q '^CLIENT5 .*listening'; }
until_true 20 is_listening
kill -KILL "$waiting"
wait "$waiting" 2>/dev/null || true
is_forgotten() { admin witness list | grep -q 'No clients'; }
until_true 20 is_forgotten

echo "--- Samba's rpcclient"
for how in sign,ntlm seal,ntlm sign,spnego seal,spnego; do
  expect 192.0.2.1 timeout 60 rpcclient "ncacn_ip_tcp:${here}[$how]" -A "$WORK/anna.login" -c GetInterfaceList
  expect 'ncacn_ip_tcp:192.0.2.1[4451,abstract_syntax=ccd8c074' timeout 60 rpcclient "ncacn_ip_tcp:${here}[135,$how]" -A "$WORK/anna.login" -c epmlookup
done
expect 'Told 0' admin witness move --all --to 192.0.2.9
expect WERR_ACCESS_DENIED timeout 60 rpcclient "ncacn_ip_tcp:${here}[connect]" -A "$WORK/anna.login" -c GetInterfaceList
printf 'username = anna\npassword = wrong\n' >"$WORK/wrong.login"
expect NT_STATUS_ACCESS_DENIED timeout 60 rpcclient "ncacn_ip_tcp:${here}[seal]" -A "$WORK/wrong.login" -c GetInterfaceList
expect 'wrong password for "anna"' cat "$WORK/daemon.log"
# RPC security beside SMB's, on named pipes.
for how in sign,ntlm seal,ntlm sign,spnego seal,spnego; do
  expect 'HOLDFAST' timeout 60 rpcclient "ncacn_np:${here}[$how]" -A "$WORK/anna.login" -c srvinfo
done

echo "--- Samba's smbtorture"
# torture BINDING TEST OPTION...
torture() {
  local binding=$1 test=$2
  shift 2
  printf '$ smbtorture %s %s\n' "$binding" "$test"
  timeout 120 smbtorture "$binding" -A "$WORK/anna.login" "$@" "$test" >"$WORK/torture" 2>&1 ||
    { cat "$WORK/torture"; fail "smbtorture $test"; }
  grep -E '^(success|skip|failure)' "$WORK/torture"
}
for how in sign seal; do
  for each in GetInterfaceList Register UnRegister RegisterEx; do
    torture "ncacn_ip_tcp:${here}[$how]" "rpc.witness.witness.$each" --option=torture:net_name=files.example.org
  done
done

for each in Map_simple Lookup_simple Lookup_terminate_search; do
  torture "ncacn_ip_tcp:$here" "rpc.epmapper.epmapper.$each"
done
torture "ncacn_ip_tcp:$here" rpc.mgmt
torture "ncacn_np:$here" rpc.bind.assoc_group_handles_external.assoc_group_handles_external
for how in ntlm,sign ntlm,sign,seal spnego,sign spnego,sign,seal; do
  torture "ncacn_np:$here" "rpc.bind.$how.$how"
done

echo '--- only where it is enabled is a share called clustered'
# The capabilities of the tree connect to the share (MS-SMB2 2.2.10).
capabilities() { /usr/bin/python3 "$root/tests/e2e/drivers/share_capabilities.py" "$here" clustered anna "$WORK/anna.password"; }
expect cluster capabilities
write_config "$config" "$(settings false)"
expect 'was applied' admin reload
expect 'no witness service' admin witness list
expect none capabilities
refuses witness interfaces
write_config "$config" "$(settings true)"
expect 'was applied' admin reload
witness interfaces
