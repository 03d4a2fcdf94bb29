# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: Apache-2.0
# The server that this repository builds.  Sourced by ../server; see there for the variables.

HOLDFAST_BIN=${HOLDFAST_BIN:-$(readlink -f "$LIB/../..")/build/release/bin/holdfast}

server_install() {
  [ -x "$HOLDFAST_BIN" ] || die "no $HOLDFAST_BIN: build it first (or set HOLDFAST_BIN)"
}

server_prepare() { server_install; }

server_command() {
  COMMAND=("$HOLDFAST_BIN" serve "$DIR" --name "$SHARE" --listen "$ADDRESS" --port 445
    --user "$USER_NAME" --password-file "$PASSWORD_FILE")
  [ -n "$SIGNING" ] && COMMAND+=(--signing "$SIGNING")
  [ -n "$ENCRYPT" ] && COMMAND+=(--encrypt "$ENCRYPT")
  [ -n "$MIN_DIALECT" ] && COMMAND+=(--min-dialect "$MIN_DIALECT")
  [ -n "$READ_ONLY" ] && COMMAND+=(--read-only)
  return 0
}

server_helpers() { :; }
