# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Bad connections, hundreds at once, against both loops at the same time, while a good client works; and what a stranger
# learns from a refused log-on. The drivers say what is expected. Most of the time is the server's time limit for an
# unfinished frame.
. "$root/tests/e2e/lib.sh"
"$root/tests/e2e/drivers/refusals.py" "$holdfast"

declare -A drivers=()
for loop in $(loops_here); do
  "$root/tests/e2e/drivers/hostile.py" "$holdfast" "$loop" >"$WORK/$loop.out" 2>&1 &
  drivers[$loop]=$!
done
failed=0
for loop in $(loops_here); do
  wait "${drivers[$loop]}" || failed=1
  cat "$WORK/$loop.out"
done
[ "$failed" -eq 0 ] || fail "see above"
skip_without_uring
