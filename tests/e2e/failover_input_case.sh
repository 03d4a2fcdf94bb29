#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# State stores that are damaged, newer or unreadable, full volumes, two servers on one volume (tests/failover/input).
. "$root/tests/e2e/lib.sh"
[ "$(id -u)" -eq 0 ] || skip "needs root for a file system of its own"
"$root/tests/failover/input"
