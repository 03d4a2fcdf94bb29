# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# On a share with local_coherence a program on this machine and a client see each other: a program that opens a file
# waits until a client has given its lease back, and sees what it wrote; locks hold both ways; a client that comes
# while a program has the file open caches nothing; handles are durable all the same.
. "$root/tests/e2e/lib.sh"
[ "$(id -u)" -eq 0 ] || skip "needs root for leases on others' files"
write_config "$WORK/holdfast.toml" "$(printf '[[share]]\nname = "near"\npath = "%s"\nlocal_coherence = true\nidentity = "service"\n' "$WORK/data")"
start_daemon "$WORK/holdfast.toml"
add_user alice 'correct horse 1'
python3 "$root/tests/e2e/drivers/local_coherence.py" "$port" "$WORK/alice.password" "$WORK/data"
stop_daemon
