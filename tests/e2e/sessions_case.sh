# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# 2,000 idle sessions at once, each with a connection, a log-on and a tree of its own, on both loops: what each takes,
# that all stay alive, and that nothing stays of them. Fails above 16 KiB each, which is what the design allows a session;
# about 6 are usual.
. "$root/tests/e2e/lib.sh"
for loop in $(loops_here); do
  "$root/tests/e2e/drivers/idle_memory.py" "$holdfast" --loop "$loop" --sessions 2000 --max-kib 16
done
skip_without_uring
