# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# README's first command works as written in a fresh clone on a bare Debian 12.
. "$root/tests/e2e/lib.sh"
[ "$(id -u)" -eq 0 ] || skip "needs root for a chroot"
grep -q '^\./dev demo$' "$root/README.md" || fail "README.md does not say ./dev demo"
"$root/tools/check-fresh-clone" ./dev demo | tee "$WORK/out"
grep -q '^The copy is equal to what was served' "$WORK/out"
grep -q '^The server ended cleanly' "$WORK/out"
