# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# For the cases of tests/e2e. The runner sets root, HOLDFAST_BIN and WORK (an empty folder, removed afterwards).
set -euo pipefail
. "$root/tools/dev/common.sh"
holdfast=$HOLDFAST_BIN/holdfast
holdfastd=$HOLDFAST_BIN/holdfastd

# shellcheck disable=SC2329  # called by trap
on_error() { printf 'line %s: failed: %s\n' "$1" "$2" >&2; }
trap 'on_error "$LINENO" "$BASH_COMMAND"' ERR

skip() { printf '%s\n' "$*"; exit 77; }
fail() { printf 'FAIL: %s\n' "$*" >&2; exit 1; }

# expect TEXT COMMAND...: the output (both streams) of the command, whatever its status, has that text.
expect() {
  local text=$1 output
  shift
  output=$("$@" 2>&1) || true
  printf '$ %s\n%s\n' "$*" "$output"
  [[ $output == *"$text"* ]] || fail "no '$text' in the output of: $*"
}

# refuses COMMAND...: the command ends with a status that is not 0, and not by a signal.
refuses() {
  local status=0
  "$@" >/dev/null 2>&1 || status=$?
  [ "$status" -ne 0 ] && [ "$status" -lt 126 ] || fail "status $status, expected a refusal: $*"
}

# until_true SECONDS COMMAND...: tries it again until it succeeds.
until_true() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || fail "not within the time: $*"
    sleep 0.1
  done
}
