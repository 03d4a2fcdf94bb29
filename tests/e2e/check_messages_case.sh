# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# `holdfast check` accepts a right file, and says of a wrong one where, what was expected and what was probably meant;
# the daemon refuses to start on it with the same words.
. "$root/tests/e2e/lib.sh"
good=$WORK/good.toml bad=$WORK/bad.toml
write_config "$good"
"$holdfast" check "$good"
"$holdfast" check "$root/deploy/holdfast.toml"

# wrong LINE_TEXT EXPECTED...: a file with that line put in is refused, naming file, line and each expected text.
wrong() {
  local text=$1 line
  shift
  write_config "$bad" "$text"
  line=$(grep -nFx -- "$text" "$bad" | tail -n 1 | cut -d: -f1)
  refuses "$holdfast" check "$bad"
  refuses timeout 20 "$holdfastd" --config "$bad"
  for expected in "$bad:$line" "$@"; do
    expect "$expected" "$holdfast" check "$bad"
    expect "$expected" timeout 20 "$holdfastd" --config "$bad"
  done
}
wrong 'raed_only = true' raed_only read_only
wrong 'read_only = "yes"' read_only
wrong '[[shares]]' shares share
wrong 'read_only = tru'

# Two mistakes are both reported.
write_config "$bad" $'raed_only = true\nread_only = 3'
expect raed_only "$holdfast" check "$bad"
expect 'read_only' "$holdfast" check "$bad"
refuses "$holdfast" check "$WORK/does-not-exist.toml"
expect does-not-exist.toml "$holdfast" check "$WORK/does-not-exist.toml"
