# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Counting results. A runner that ./dev calls ends with a line `N passed, N failed, N skipped`.

# closing_line PASSED FAILED SKIPPED
closing_line() { printf '%d passed, %d failed, %d skipped\n' "$1" "$2" "$3"; }

# read_closing_line LOG: prints "P F S" of the last closing line in the log; fails when there is none.
read_closing_line() {
  sed -nE 's/^([a-z]+: )?([0-9]+) passed, ([0-9]+) failed(, ([0-9]+) skipped)?\r?$/\2 \3 \5/p' "$1" |
    tail -n 1 | awk '{ print $1, $2, ($3 == "" ? 0 : $3); found = 1 } END { exit !found }'
}

# tally_run LOG COMMAND...: runs a command with its output on the terminal and in LOG, sets PASSED, FAILED, SKIPPED
# from its closing line. In CI a runner that hangs is ended after HOLDFAST_RING_SECONDS. No closing line, no test counted, or a bad exit status without a failed test: one failure.
tally_run() {
  local log=$1 status=0 line limit=()
  shift
  rm -f "$log.status"
  [ -z "${CI:-}" ] || limit=(timeout --kill-after=30 "${HOLDFAST_RING_SECONDS:-2400}")
  { "${limit[@]}" "$@" 2>&1 || echo "exit status $?" >"$log.status"; } < /dev/null | tee "$log"
  if [ -s "$log.status" ]; then status=1; rm -f "$log.status"; fi
  if line=$(read_closing_line "$log"); then
    read -r PASSED FAILED SKIPPED <<<"$line"
    if [ "$status" -ne 0 ] && [ "$FAILED" -eq 0 ]; then FAILED=1; fi
    if [ $((PASSED + FAILED + SKIPPED)) -eq 0 ]; then FAILED=1; fi
  else
    PASSED=0 FAILED=1 SKIPPED=0
  fi
}
