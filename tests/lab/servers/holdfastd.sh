# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: Apache-2.0
# The daemon that this repository builds, with a configuration file, a folder for its state, and users of its own; for
# what `holdfast serve` (holdfast.sh) has no options for.  Sourced by ../server; see there for the variables.

HOLDFAST_BIN=${HOLDFAST_BIN:-$(readlink -f "$LIB/../..")/build/release/bin/holdfast}

server_install() {
  local program
  for program in "$HOLDFAST_BIN" "${HOLDFAST_BIN}d"; do
    [ -x "$program" ] || die "no $program: build it first (or set HOLDFAST_BIN)"
  done
}

server_prepare() {
  local name config=$HOME_DIR/holdfast.toml
  server_install
  mkdir -p "$HOME_DIR/state" "$HOME_DIR/run"
  chmod 700 "$HOME_DIR/state"
  cat >"$config" <<C
[server]
state_dir = "$HOME_DIR/state"
run_dir = "$HOME_DIR/run"

[[listen]]
address = "${LISTEN:-$ADDRESS}"

[protocol]
min_dialect = "${MIN_DIALECT:-2.0.2}"

[security]
signing = "${SIGNING:-required}"
encryption = "${ENCRYPT:-desired}"

[[share]]
name = "$SHARE"
path = "$DIR"
identity = "service"
C
  [ -z "$READ_ONLY" ] || echo 'read_only = true' >>"$config"
  [ -z "$MORE" ] || cat "$MORE" >>"$config"
  for name in "${USER_NAMES[@]}"; do
    "$HOLDFAST_BIN" user add "$name" --unix - --config "$config" --password-file "$PASSWORD_FILE" >"$HOME_DIR/users.log" 2>&1 ||
      die "cannot add the user $name: $(cat "$HOME_DIR/users.log")"
  done
}

server_command() { COMMAND=("${HOLDFAST_BIN}d" --config "$HOME_DIR/holdfast.toml"); }

server_helpers() { :; }
